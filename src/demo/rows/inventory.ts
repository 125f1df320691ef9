import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import { lifeOf, momentOn } from '../moments.js';
import { Random, uuidFor } from '../random.js';
import { idFor, liveRow, randomFor, type World } from '../world.js';
import { article } from './products.js';

const warehouseCodes = ['WH-EAST', 'WH-WEST', 'WH-NORTH', 'KÖLN-1', 'ŁÓDŹ-2', 'wh-central'];
const warehouseCount = 10;

/** Older warehouses have codes, the four newest have UUIDs. */
function warehouseId(world: World, warehouse: number): string {
  return warehouseCodes[warehouse] ?? uuidFor(world.seed, 'warehouses', warehouse);
}

export function inventoryRow(world: World, index: number): LegacyRow<'legacy_inventory'> {
  const random = randomFor(world, 'legacy_inventory', index);
  const products = world.counts.legacy_products;
  const product = liveRow(world, 'legacy_products', index % products);
  const { sku, priceCents } = article(world, product);
  const cost = moneyText(Math.floor((priceCents * 6) / 10), 2);
  const home = new Random(world.seed, 'home warehouse', index % products).int(0, warehouseCount - 1);
  const warehouse = (home + Math.floor(index / products)) % warehouseCount;

  const onHand = random.chance(8) ? 0 : random.int(1, 900);
  const reserved = random.chance(60) ? 0 : random.int(0, Math.min(onHand, 60));
  const minimum = random.int(0, 20);
  const reorderPoint = minimum + random.int(0, 40);
  const quantityColumns = random.int(0, 99);
  const wayToProduct = random.int(0, 99);
  const { day, createdAt, updatedAt } = lifeOf(random);
  return {
    id: index + 1 + Math.floor(index / 7),
    product_id: wayToProduct < 85 ? idFor(world, 'legacy_products', product) : null,
    product_sku: wayToProduct < 60 ? null : sku,
    warehouse_id: warehouseId(world, warehouse),
    location_id: random.chance(70) ? `${random.pick(['A', 'B', 'C', 'D'])}-${random.digits(2)}` : null,
    quantity_on_hand: quantityColumns < 80 ? onHand : null,
    quantity: quantityColumns < 65 ? null : onHand,
    quantity_reserved: reserved,
    quantity_in_transit: random.chance(80) ? 0 : random.int(1, 200),
    quantity_available: random.chance(90) ? onHand - reserved : null,
    stock_status: random.chance(80) ? statusOf(onHand - reserved, reorderPoint) : null,
    reorder_point: reorderPoint,
    reorder_quantity: random.int(1, 20) * 10,
    min_stock_level: minimum,
    max_stock_level: random.chance(70) ? 1000 + random.int(0, 9) * 100 : null,
    average_cost: random.chance(90) ? cost : null,
    last_purchase_cost: random.chance(80) ? cost : null,
    last_stock_check: random.chance(70) ? momentOn(day + random.int(1, 300), random) : null,
    last_movement: random.chance(85) ? momentOn(day + random.int(1, 390), random) : null,
    bin_note: random.chance(5) ? random.pick(['top shelf', 'Zugang über Rampe 2', 'count again']) : null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

function statusOf(available: number, reorderPoint: number): string {
  if (available === 0) return 'out_of_stock';
  return available <= reorderPoint ? 'low_stock' : 'in_stock';
}
