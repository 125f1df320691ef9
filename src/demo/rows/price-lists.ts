import { slug } from '../data/companies.js';
import type { LegacyRow } from '../legacy-tables.js';
import { dayText, lifeOf, momentOn } from '../moments.js';
import { idFor, isRejected, randomFor, type World } from '../world.js';
import { itemRanges } from './item-ranges.js';
import { companyOf, mainParty, mainPartyCount, referenceTo } from './parties.js';
import { userId } from './suppliers.js';

/** The main parties take turns with price lists too; this is the ordinal of the list's. */
export function mainPartyOfList(world: World, list: number): number {
  return list % mainPartyCount(world);
}

/**
 * The list that this one follows. The first two lists of a party hang together: for every other party the
 * earlier row is the child, so that children come before their parents.
 */
function parentOf(world: World, list: number): number | null {
  const parties = mainPartyCount(world);
  if (list >= parties * 2) return null;
  const isFirst = list < parties;
  const parent = isFirst ? list + parties : list - parties;
  const firstIsChild = mainPartyOfList(world, list) % 2 === 1;
  const exists = parent < world.counts.legacy_price_lists && !isRejected(world, 'legacy_price_lists', parent);
  return exists && isFirst === firstIsChild ? parent : null;
}

export function priceListRow(world: World, index: number): LegacyRow<'legacy_price_lists'> {
  const random = randomFor(world, 'legacy_price_lists', index);
  const party = mainParty(world, mainPartyOfList(world, index));
  const seller = companyOf(world, party);
  const { day, createdAt, updatedAt } = lifeOf(random);
  const parent = parentOf(world, index);
  const name = `${seller.name} ${dayText(day).slice(0, 4)} ${random.pick(['Price List', 'Preisliste', 'Cennik', 'Tarif'])}`;
  const format = random.pick(['csv', 'xlsx', 'xml', 'json']);
  const file = `${slug(seller.name) || seller.mark.toLowerCase()}-${dayText(day)}.${format}`;
  const isApproved = random.chance(80);
  const nameColumns = random.int(0, 99);
  return {
    id: idFor(world, 'legacy_price_lists', index),
    ...referenceTo(world, party, random),
    name: nameColumns < 85 ? name : null,
    price_list_name: nameColumns < 70 ? null : name,
    effective_date: dayText(day),
    expiry_date: random.chance(70) ? dayText(day + random.int(90, 365)) : null,
    status: random.pick(['active', 'active', 'active', 'draft', 'expired', 'archived', null]),
    version: random.pick(['1.0', '1.1', '2.0', null]),
    parent_price_list_id: parent === null ? null : idFor(world, 'legacy_price_lists', parent),
    upload_format: format,
    original_file_path: `/srv/uploads/${dayText(day).replaceAll('-', '/')}/${file}`,
    original_file_name: file,
    validation_status: random.pick(['valid', 'valid', 'pending', null]),
    validation_errors: random.chance(20) ? '[{"line": 12, "message": "discount rounded"}]' : null,
    approved_by: isApproved ? userId(world, random.int(0, 19)) : null,
    approved_at: isApproved ? momentOn(day + 1, random) : null,
    item_count: itemRanges(world).goodItems(index),
    currencies_supported: random.chance(85)
      ? JSON.stringify([...new Set([seller.country.currency, 'USD'])])
      : null,
    negotiated_by: random.chance(30)
      ? random.pick(['M. Kowalczyk', 'J. O’Neill', '王芳', 'Ş. Yılmaz'])
      : null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
