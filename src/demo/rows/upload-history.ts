import { slug } from '../data/companies.js';
import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import { dayText, lifeOf, momentOn } from '../moments.js';
import { idFor, liveRow, randomFor, type World } from '../world.js';
import { companyOf, mainParty, mainPartyCount, partyAt, referenceTo } from './parties.js';
import { mainPartyOfList } from './price-lists.js';
import { userId } from './suppliers.js';

export function uploadHistoryRow(world: World, index: number): LegacyRow<'legacy_upload_history'> {
  const random = randomFor(world, 'legacy_upload_history', index);
  const counts = world.counts;
  const list = random.chance(60)
    ? liveRow(world, 'legacy_price_lists', random.int(0, counts.legacy_price_lists - 1))
    : null;
  const party =
    list !== null
      ? mainParty(world, mainPartyOfList(world, list))
      : random.chance(50)
        ? mainParty(world, random.int(0, mainPartyCount(world) - 1))
        : partyAt(world, random.int(0, counts.legacy_suppliers + counts.legacy_vendors - 1));
  const seller = companyOf(world, party);
  const { day, createdAt, updatedAt } = lifeOf(random);
  const format = random.pick(['csv', 'xlsx', 'xml', 'json']);
  const status = random.pick(['completed', 'completed', 'completed', 'failed', 'processing', 'pending']);
  const items = random.int(1, 400);
  const failures = status === 'failed' ? random.int(1, items) : 0;
  const finishedAt = momentOn(day + 1, random);
  return {
    id: index + 1,
    ...referenceTo(world, party, random),
    file_name: `${slug(seller.name) || seller.mark.toLowerCase()}_${dayText(day)}_prices.${format}`,
    file_type: format,
    file_size: random.int(900, 9_000_000),
    status,
    item_count: items,
    success_count: items - failures,
    error_count: failures,
    errors: failures > 0 ? `[{"line": ${random.int(2, 400)}, "message": "unknown SKU"}]` : null,
    warnings: random.chance(30) ? '[{"line": 3, "message": "price changed by more than 20%"}]' : null,
    upload_date: momentOn(day, random),
    completed_at: status === 'completed' ? finishedAt : null,
    failed_at: status === 'failed' ? finishedAt : null,
    uploaded_by: userId(world, random.int(0, 39)),
    price_list_id: list === null ? null : idFor(world, 'legacy_price_lists', list),
    metadata: random.chance(70)
      ? `{"delimiter": "${random.pick([';', ',', '\\t'])}", "durationSeconds": ${moneyText(random.int(10, 9000), 2)}}`
      : null,
    upload_host: random.chance(50) ? `portal-${random.int(1, 4)}` : null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
