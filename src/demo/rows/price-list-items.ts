import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import type { Random } from '../random.js';
import { idFor, isRejected, liveRow, randomFor, type World } from '../world.js';
import { itemRanges } from './item-ranges.js';
import { companyOf, mainParty } from './parties.js';
import { mainPartyOfList } from './price-lists.js';
import { article, productsOfMainParty } from './products.js';

/** Quantities that a product's lines on one list start from, first line first. */
const quantitySteps = [1, 10, 50, 100, 500, 1000];

export function priceListItemRow(world: World, index: number): LegacyRow<'legacy_price_list_items'> {
  const random = randomFor(world, 'legacy_price_list_items', index);
  const { list, place } = itemRanges(world).listOf(index);
  const ordinal = mainPartyOfList(world, list);
  const { product, round } = productAt(world, ordinal, place);
  const { sku, name, priceCents } = article(world, product);
  const { country } = companyOf(world, mainParty(world, ordinal));

  // In 10^-5 of the currency: 92% to 104% of the product's price, less for larger quantities.
  const units = priceCents * (random.int(920, 1040) - Math.min(round, 5) * 30);
  const price = random.chance(30) ? moneyText(units, 5) : moneyText(Math.ceil(units / 1000), 2);
  const priceColumns = random.int(0, 99);
  return {
    id: idFor(world, 'legacy_price_list_items', index),
    price_list_id: idFor(world, 'legacy_price_lists', list),
    sku,
    description: random.chance(50) ? name : null,
    unit_price: priceColumns < 80 ? price : null,
    price: priceColumns < 65 ? null : price,
    currency: random.chance(95) ? country.currency : 'USD',
    min_quantity: quantitySteps[round] ?? 1000 * round,
    discount_percent: random.chance(30) ? moneyText(random.int(1, 60) * 50, 2) : null,
    tier_pricing: random.chance(20) ? tiers(priceCents, random) : null,
    line_note: random.chance(3) ? random.pick(['while stocks last', 'Mindestmenge beachten', 'new']) : null,
  };
}

/** The product on the list's line, and how often the list has had it before. */
function productAt(world: World, ordinal: number, place: number): { product: number; round: number } {
  const { count, at } = productsOfMainParty(world, ordinal);
  for (let i = 0; i < count; i++) {
    const product = at((place + i) % count);
    if (!isRejected(world, 'legacy_products', product)) return { product, round: Math.floor(place / count) };
  }
  return { product: liveRow(world, 'legacy_products', at(0)), round: Math.floor(place / count) };
}

/** Two or three steps, in one of the spellings that the uploads of the years used. */
function tiers(priceCents: number, random: Random): string {
  const key = random.pick(['minQty', 'min_qty', 'min_quantity']);
  const steps = [10, 100, 1000].slice(0, random.int(2, 3)).map((quantity, i) => {
    const discount = (i + 1) * random.int(2, 5);
    const price = moneyText(Math.floor((priceCents * (100 - discount)) / 100), 2);
    return `{"${key}": ${quantity}, "price": ${price}, "discount": ${discount}}`;
  });
  return `[${steps.join(', ')}]`;
}
