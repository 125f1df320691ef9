/** `units` of 10^-scale as decimal text: `moneyText(1250, 2)` is `12.50`. Units must be a safe integer ≥ 0. */
export function moneyText(units: number, scale: number): string {
  const digits = String(units).padStart(scale + 1, '0');
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
