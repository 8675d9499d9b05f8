// Amounts are texts of decimal digits. They are compared digit by digit and never become a number: 0.1 + 0.2 is not 0.3 in
// a number, and 12345678901234567890.12 has lost its end.

const plainDecimal = /^-?[0-9]+(\.[0-9]+)?$/;
const currencyCode = /^[A-Z0-9][A-Z0-9._-]{0,31}$/;
const maxLength = 64;

// isAmount tells whether a value is an amount as the contract writes it.
export function isAmount(value) {
  return typeof value === 'string' && value.length <= maxLength && plainDecimal.test(value);
}

// isCurrency tells whether a value can be a currency or asset code.
export function isCurrency(value) {
  return typeof value === 'string' && currencyCode.test(value);
}

// compare gives a number below, at or above zero. "60" and "60.00" are equal.
export function compare(a, b) {
  const places = Math.max(decimals(a), decimals(b));
  const difference = units(a, places) - units(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

// decimals counts the digits after the point that matter: "60.50" has one.
export function decimals(amount) {
  return (amount.split('.')[1] || '').replace(/0+$/, '').length;
}

// units is the amount in its smallest unit, of which there are 10^places in one.
function units(amount, places) {
  const [whole, fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.slice(0, places).padEnd(places, '0'));
}
