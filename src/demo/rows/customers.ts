import { addressIn, company, personIn, phoneIn } from '../data/companies.js';
import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import { lifeOf } from '../moments.js';
import { randomFor, type World } from '../world.js';

const notes = ['Prefers delivery before 10:00', 'Old account 4711', 'Pays by cheque', 'Ask for PO number'];
const industries = [
  'Retail',
  'Construction',
  'Hospitality',
  'Facility Management',
  'Education',
  'Healthcare',
];

/** Customers' companies are numbered from here, clear of the suppliers and vendors of a usual size. */
const firstCompany = 20_000;

export function customerRow(world: World, index: number): LegacyRow<'legacy_customers'> {
  const random = randomFor(world, 'legacy_customers', index);
  const { name, countryKey, country, emailDomain, taxId } = company(world.people, firstCompany + index);
  const address = addressIn(world.people, countryKey, random);
  const person = personIn(world.people, countryKey, random);
  const { createdAt, updatedAt } = lifeOf(random);
  return {
    id: 1001 + index + Math.floor(index / 13),
    customer_code: `CUST-${String(index + 1).padStart(6, '0')}`,
    company_name: name,
    email: `${random.chance(60) ? person.mailbox : random.pick(['info', 'orders', 'purchasing'])}@${emailDomain}`,
    phone: random.chance(96) ? phoneIn(country, random) : null,
    address_line_1: address.line1,
    address_line_2: address.line2,
    city: address.city,
    state: address.state,
    country: address.country,
    postal_code: address.postalCode,
    contact_person: random.chance(80) ? person.name : null,
    customer_type: random.pick(['retail', 'wholesale', 'chain', 'public']),
    credit_limit: random.chance(85) ? moneyText(random.int(5, 900) * 10_000, 2) : null,
    payment_terms: random.pick(['net 30', 'net 14, 2% cash discount', 'prepaid', '30 Tage netto', null]),
    tax_id: random.chance(75) ? taxId : null,
    industry: random.pick(industries),
    customer_status: random.pick(['active', 'active', 'active', 'inactive', 'on_hold']),
    legacy_note: random.chance(15) ? random.pick(notes) : null,
    created_at: createdAt,
    updated_at: random.chance(97) ? updatedAt : null,
    order_channels: random.pick(['phone', 'web', 'phone,web', 'phone,fax', 'web,shop', null]),
  };
}
