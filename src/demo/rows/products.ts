import { categories } from '../data/catalog.js';
import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import { lifeOf } from '../moments.js';
import { Random } from '../random.js';
import { idFor, randomFor, type World } from '../world.js';
import { companyOf, mainParty, mainPartyCount, partyAt, referenceTo, type Party } from './parties.js';

/** What other tables need to know of a product. */
export interface Article {
  sku: string;
  name: string;
  category: string;
  priceCents: number;
  grams: number;
}

/** Four products in five are sold by the main parties, who take turns; the fifth by anyone. */
function partyOfProduct(world: World, product: number): Party {
  if (product % 5 !== 4) return mainParty(world, mainOrdinal(product) % mainPartyCount(world));
  const { legacy_suppliers: suppliers, legacy_vendors: vendors } = world.counts;
  return partyAt(world, new Random(world.seed, 'product party', product).int(0, suppliers + vendors - 1));
}

/** A product's place among those of the main parties. */
function mainOrdinal(product: number): number {
  return Math.floor(product / 5) * 4 + (product % 5);
}

/** How many products the main party sells, and the number of its product at a place from 0. */
export function productsOfMainParty(
  world: World,
  ordinal: number,
): { count: number; at: (place: number) => number } {
  const products = world.counts.legacy_products;
  const ofMain = Math.floor(products / 5) * 4 + Math.min(products % 5, 4);
  const parties = mainPartyCount(world);
  return {
    count: Math.floor((ofMain - 1 - ordinal) / parties) + 1,
    at(place) {
      const n = ordinal + place * parties;
      return Math.floor(n / 4) * 5 + (n % 4);
    },
  };
}

/** Five shuffled digits for the first 89,989 products, more for later ones; never the same twice. */
function skuNumber(product: number): number {
  const block = 89_989;
  return 10_000 + Math.floor(product / block) * 100_000 + ((product * 48_271) % block);
}

export function article(world: World, product: number): Article {
  const random = new Random(world.seed, 'article', product);
  const seller = companyOf(world, partyOfProduct(world, product));
  const category = categories[seller.category] ?? random.pick(categories);
  const [brandCode, brand] = random.pick(category.brands);
  const [what, from, to, grams, sizes] = random.pick(category.articles);
  const [colourCode, colour] = random.pick(category.colours);
  const low = random.next() / 0x1_0000_0000;
  return {
    sku: `${brandCode}-${skuNumber(product)}-${colourCode}`,
    name: `${brand} ${what} ${random.pick(sizes)}, ${colour}`,
    category: category.name,
    priceCents: from + Math.floor((to - from) * low * low),
    grams: grams + random.int(0, 99),
  };
}

const blurbs = [
  'Proven in daily trade use.',
  'Case quantity 12.',
  'Für den gewerblichen Einsatz.',
  'Made from recycled material — 100 % recyclable.',
  'Spare parts available.',
];

export function productRow(world: World, index: number): LegacyRow<'legacy_products'> {
  const random = randomFor(world, 'legacy_products', index);
  const { sku, name, category, priceCents, grams } = article(world, index);
  const { createdAt, updatedAt } = lifeOf(random);
  const price = moneyText(priceCents, 2);
  const cost = moneyText(Math.floor((priceCents * random.int(45, 80)) / 100), 2);
  const priceColumns = random.int(0, 99);
  const nameColumns = random.int(0, 99);
  return {
    id: idFor(world, 'legacy_products', index),
    sku,
    name: nameColumns < 85 ? name : null,
    product_name: nameColumns < 70 ? null : name,
    description: random.chance(70) ? `${name}. ${random.pick(blurbs)}` : null,
    category,
    unit_price: priceColumns < 80 ? price : null,
    price: priceColumns < 65 ? null : price,
    cost_price: priceColumns < 80 ? cost : null,
    cost: priceColumns < 65 ? null : cost,
    ...referenceTo(world, partyOfProduct(world, index), random),
    is_active: random.pick(['true', 'true', 'Y', 't', '1', 'yes', 'false', 'N', null]),
    product_code: random.chance(50) ? `P${String(index + 1).padStart(7, '0')}` : null,
    barcode: random.chance(80) ? `40${random.digits(5)}${random.digits(6)}` : null,
    weight: moneyText(grams, 3),
    dimensions: random.chance(60)
      ? `{"l": ${random.int(2, 90)}, "w": ${random.int(2, 60)}, "h": ${random.int(1, 40)}.50, "unit": "cm"}`
      : null,
    tags: random.chance(50)
      ? JSON.stringify([category.toLowerCase(), random.pick(['sale', 'new', 'core'])])
      : null,
    shelf_mark: random.chance(40)
      ? `${random.pick(['A', 'B', 'C'])}${random.digits(2)}-${random.digits(3)}`
      : null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
