package signature_test

import (
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// A provider that signs PHP's json_encode of all fields but the signature.
func Example_verify() {
	body := []byte(`{"success":true,"transaction_id":3456789,"message":"Payment / done",` +
		`"signature":"4144f49fd010f19f822f147e849dd82540495281f16bf71e318682cff6fd3569"}`)
	webhook, err := ordered.Parse(body)
	if err != nil {
		fmt.Println(err)
		return
	}

	signed, err := signature.PHPJSON(webhook.Without("signature"))
	if err != nil {
		fmt.Println(err)
		return
	}

	got, _ := webhook.Get("signature")
	fmt.Println(signed)
	fmt.Println(signature.EqualAny(got.Text(),
		signature.HMACSHA256Hex("the new secret", signed),
		signature.HMACSHA256Hex("the old secret", signed)))
	// Output:
	// {"success":true,"transaction_id":3456789,"message":"Payment \/ done"}
	// true
}

// A request whose digest covers PHP's json_encode of the sorted fields. The
// text that was signed is also the body to send.
func ExampleKSort() {
	payload := ordered.Object(
		ordered.Pair("order_id", ordered.String("47")),
		ordered.Pair("amount", ordered.Decimal(decimal.RequireFromString("3.20"))),
		ordered.Pair("return_url", ordered.String("https://shop.example/é")),
	)
	body, err := signature.PHPJSON(
		signature.KSort(payload),
		signature.UnescapedSlashes,
		signature.UnescapedUnicode,
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(body)
	fmt.Println(signature.MD5Hex(body + "demo_merchant_secret"))
	// Output:
	// {"amount":3.2,"order_id":"47","return_url":"https://shop.example/é"}
	// d27cfb84b31cd05ad0cfb3e92762367c
}

// A webhook of which only one field is signed: the rest is read as usual.
func ExamplePHPJSON() {
	var webhook struct {
		Direction string        `json:"direction"`
		Data      ordered.Value `json:"additional_data"`
	}
	if err := json.Unmarshal([]byte(`{"direction":"ingoing","additional_data":[{"b":"\u00e9","a":1.0}]}`), &webhook); err != nil {
		fmt.Println(err)
		return
	}

	signed, _ := signature.PHPJSON(
		webhook.Data,
		signature.UnescapedSlashes,
		signature.UnescapedUnicode,
	)
	fmt.Println(signed)
	// Output: [{"b":"é","a":1}]
}

func ExampleEqual() {
	fmt.Println(
		signature.Equal("5bdcc146", "5bdcc146"),
		signature.Equal("5bdcc146", ""),
		signature.Equal("", ""),
	)
	// Output: true false false
}

func ExampleHMACSHA256Hex() {
	fmt.Println(signature.HMACSHA256Hex("Jefe", "what do ya want for nothing?"))
	// Output: 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
}

func ExamplePHPString() {
	for _, v := range []ordered.Value{
		ordered.Number("1000.00"), ordered.String("1000.00"), ordered.Bool(true), ordered.Bool(false), ordered.Null(),
	} {
		text, _ := signature.PHPString(v)
		fmt.Printf("%q ", text)
	}
	// Output: "1000" "1000.00" "1" "" ""
}

func ExamplePHPNumber() {
	for _, text := range []string{"10.00", "1e6", "0.30000000000000004", "0.00001", "9007199254740993"} {
		printed, _ := signature.PHPNumber(text)
		fmt.Println(printed)
	}
	// Output:
	// 10
	// 1000000
	// 0.3
	// 1.0E-5
	// 9007199254740993
}

func ExamplePHPQuery() {
	body, _ := signature.PHPQuery(ordered.Object(
		ordered.Pair("price", ordered.Number("2.990")),
		ordered.Pair("name", ordered.String("Jack Dalton~")),
		ordered.Pair("debug", ordered.Bool(false)),
		ordered.Pair("note", ordered.Null()),
		ordered.Pair("item", ordered.Array(ordered.Int(1), ordered.Int(2))),
	))
	fmt.Println(body)
	// Output: price=2.99&name=Jack+Dalton%7E&debug=0&item%5B0%5D=1&item%5B1%5D=2
}
