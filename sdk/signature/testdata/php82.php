<?php
// Writes php82.json, the answers of PHP itself that php_test.go holds the
// package to. Run: php -n -d precision=14 -d serialize_precision=-1 php82.php
$numbers = ['0', '-0', '0.0', '-0.0', '1', '-1', '10', '10.0', '10.00', '3.20', '0.10', '1e6', '1E6', '1e+6', '0.1e1',
    '1e14', '1e15', '1e16', '1e17', '1e18', '1e21', '1e25', '-1e25', '1.5e300', '5e-324', '1e-400', '-1e-400', '1e999', '-1e999',
    '0.1', '0.01', '0.001', '0.0001', '0.00001', '-1e-5', '1E-7', '1.25e-5', '0.00012345678901234567', '0.30000000000000004',
    '99999999999999.9', '99999999999999.99', '999999999999999.9', '100000000000000.5', '123456789012345.6', '12345678901234.56',
    '123456789.123456789', '1234567890123.25', '1234567890123.75', '12345678901234.5', '12345678901235.5', '1.00000000000005',
    '100000000000005.0', '-624724569374005.0', '100000000000015.0', '999999999999995.0', '100000000000004.0', '1000000000000005.0',
    '9007199254740993', '9007199254740993.0', '9223372036854775807', '9223372036854775808', '-9223372036854775808',
    '-9223372036854775809', '12345678901234567890', '123456789012345678', '99999999999999999999', '1.7976931348623157e308'];
mt_srand(1);
for ($i = 0; $i < 60; $i++) {
    $digits = (string) mt_rand(1, 9);
    for ($n = mt_rand(0, 19); $n > 0; $n--) $digits .= mt_rand(0, 9);
    $numbers[] = (mt_rand(0, 1) ? '-' : '') . $digits
        . (mt_rand(0, 2) ? '.' . str_pad((string) mt_rand(0, 99999), mt_rand(1, 9), '0', STR_PAD_LEFT) : '')
        . (mt_rand(0, 2) ? '' : 'e' . mt_rand(-30, 30));
}
$texts = ['{"0":"a","1":"b"}', '{"1":"b","0":"a"}', '{"0":"a","2":"b"}', '{"00":1}', '{"":1}', '{}', '[]', '{"a":{}}', '[{},[],[[]]]',
    '{"-0":1,"0":2}', '{"a":1,"b":2,"a":3}', '{"1":1,"b":2,"1":3,"01":4}', '{"z":{"b":1,"a":2},"a":[3,{"d":1,"c":2}]}',
    '{"10":"a","9":"b","label":"55"}', '{"b":1,"B":2,"a_b":3,"ab":4,"a1":5,"_x":6,"a-b":7,"é":8,"":9}',
    '{"1.5":1,"1":2,"2":3,"1e1":4,"01":5," 3":6,"3 ":7,"-1":8,"+4":9,".5":10,"6.":11,"99999999999999999999":12,"99999999999999999998":13}',
    '{"9223372036854775807":1,"9223372036854775806":2}', '{"9223372036854775808":1,"9223372036854775807":2,"-9223372036854775808":3,"1e401":4,"1e400":5}',
    '"/ < > & \' \" \\\\ \u007f \u0080 \u00e9 \u2027\u2028\u2029\u202a \ud83d\ude00 \uffff"',
    '"\u0000\u0001\u0007\b\t\n\u000b\f\r\u001b\u001f"', '{"k\/\u00e9\n":"v"}', 'true', 'null', ' [ 1 , 2.50 , -0.0 ] '];
$queries = ['{"a":"~!*()\'-._ \/\u00e9+%&=","b":true,"c":false,"d":null}', '{"e":[1,2,{"x":null,"y y":"z"}],"f":[],"g":{}}',
    '{"0":"zero","g[h]":{"k&":1},"":"empty"}', '{"":{"a":1,"":2}}', '{"n":[1e25,10.00,0.30000000000000004,-0.0,9007199254740993]}',
    '["x",{"q":1.50},true,false,null]', '{}', '[]', '{"l":{"b":{"c":[true,false]}}}'];
$refused = ['', ' ', '1 2', '{} x', '01', '1.', '.5', '-', '+1', '1e', 'tru', 'nul', "'a'", '"a', '[1,]', '{"a":1,}', '{a:1}', '{"a" 1}',
    '"\ud800"', '"\udc00"', '"\ud800\u0041"', '"\ud83d\ud83d\ude00"', '"\x41"', '"\u12g4"', "\"\t\"", "\v1", '[1', ']', 'NaN', 'Infinity'];

$out = ['php' => PHP_VERSION, 'numbers' => [], 'texts' => [], 'queries' => [], 'refused' => []];
foreach ($numbers as $text) {
    $v = json_decode($text);
    $out['numbers'][] = ['text' => $text, 'json' => json_encode($v), 'string' => (string) $v];
}
foreach ($texts as $text) {
    $v = json_decode($text, true);
    $sorted = $v;
    if (is_array($v)) ksort($sorted);
    $out['texts'][] = ['text' => $text, 'plain' => json_encode($v), 'slashes' => json_encode($v, JSON_UNESCAPED_SLASHES),
        'unicode' => json_encode($v, JSON_UNESCAPED_UNICODE), 'both' => json_encode($v, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE),
        'objects' => json_encode(json_decode($text)), 'ksort' => json_encode($sorted)];
}
foreach ($queries as $text) {
    $out['queries'][] = ['text' => $text, 'query' => http_build_query(json_decode($text, true))];
}
foreach ($refused as $text) {
    json_decode($text, true);
    if (json_last_error() === JSON_ERROR_NONE) die("accepted: $text\n");
    $out['refused'][] = $text;
}
file_put_contents(__DIR__ . '/php82.json', json_encode($out, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES) . "\n");
