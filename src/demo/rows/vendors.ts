import { addressIn, phoneIn } from '../data/companies.js';
import { categories } from '../data/catalog.js';
import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import { lifeOf } from '../moments.js';
import { randomFor, vendorCompany, vendorMerge, type World } from '../world.js';
import { vendorCode, vendorId } from './parties.js';
import { contactDetails, paymentTerms, supplierEmail } from './suppliers.js';

export function vendorRow(world: World, index: number): LegacyRow<'legacy_vendors'> {
  const random = randomFor(world, 'legacy_vendors', index);
  const seller = vendorCompany(world, index);
  const { createdAt, updatedAt } = lifeOf(random);
  return {
    id: vendorId(index),
    vendor_code: vendorCode(world, index),
    ...sharedWithSupplier(world, index),
    phone: random.chance(96) ? phoneIn(seller.country, random) : null,
    website: random.chance(70) ? `http://${seller.emailDomain}/` : null,
    address_data: JSON.stringify(addressIn(world.people, seller.countryKey, random)),
    contact_details: random.chance(80) ? contactDetails(world, seller, random) : null,
    payment_terms: random.chance(80) ? paymentTerms(seller, random) : null,
    credit_limit: random.chance(80) ? moneyText(random.int(5, 900) * 10_000, 2) : null,
    industry: categories[seller.category]?.name ?? null,
    performance_rating: random.chance(80) ? moneyText(random.int(150, 500), 2) : null,
    lead_time_days: random.int(1, 45),
    is_active: random.pick(['Y', 'Y', 'yes', 'true', '1', 'N', 'no']),
    vendor_type: random.pick(['local', 'preferred', 'drop_ship', 'marketplace']),
    certification_data: random.chance(60) ? certifications(random.int(2025, 2029), random.digits(5)) : null,
    contract_details: random.chance(60)
      ? `{"number": "C-${random.digits(6)}", "bonus": ${moneyText(random.int(0, 500), 2)}}`
      : null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

/** Company name, e-mail and tax id: the vendor's own, or what gives it away as a supplier's company. */
function sharedWithSupplier(
  world: World,
  vendor: number,
): Pick<LegacyRow<'legacy_vendors'>, 'company_name' | 'email' | 'tax_id'> {
  const seller = vendorCompany(world, vendor);
  const ownEmail = `vendor.desk@${seller.emailDomain}`;
  const merge = vendorMerge(world, vendor);
  if (!merge) return { company_name: seller.name, email: ownEmail, tax_id: seller.taxId };
  if (merge.rule === 'email and name') {
    const email = supplierEmail(world, merge.supplier);
    return { company_name: ` ${seller.name.toLowerCase()}`, email, tax_id: null };
  }
  if (merge.rule === 'tax id') {
    return { company_name: `${seller.name} (Direct)`, email: ownEmail, tax_id: seller.taxId };
  }
  return { company_name: seller.name, email: ownEmail, tax_id: null };
}

function certifications(year: number, number: string): string {
  return `[{"standard": "ISO 9001", "number": "${number}", "validUntil": "${year}-06-30"}]`;
}
