import { addressIn, personIn, phoneIn, type Company } from '../data/companies.js';
import { categories } from '../data/catalog.js';
import type { LegacyRow } from '../legacy-tables.js';
import { moneyText } from '../money.js';
import { lifeOf, momentOn } from '../moments.js';
import { Random, uuidFor } from '../random.js';
import { idFor, randomFor, supplierCompany, type World } from '../world.js';
import { supplierCode } from './parties.js';

const mailboxes = ['info', 'sales', 'orders', 'office', 'export'];

/** A supplier's e-mail, which a vendor that is the same company may share. */
export function supplierEmail(world: World, supplier: number): string {
  const random = new Random(world.seed, 'supplier email', supplier);
  return `${random.pick(mailboxes)}@${supplierCompany(world, supplier).emailDomain}`;
}

export function supplierRow(world: World, index: number): LegacyRow<'legacy_suppliers'> {
  const random = randomFor(world, 'legacy_suppliers', index);
  const seller = supplierCompany(world, index);
  const { day, createdAt, updatedAt } = lifeOf(random);
  const isApproved = random.chance(85);
  return {
    id: idFor(world, 'legacy_suppliers', index),
    supplier_code: supplierCode(world, index),
    company_name: seller.name,
    email: supplierEmail(world, index),
    phone: random.chance(96) ? phoneIn(seller.country, random) : null,
    website: random.chance(80) ? `https://www.${seller.emailDomain}` : null,
    address_data: JSON.stringify(addressIn(world.people, seller.countryKey, random)),
    contact_details: random.chance(90) ? contactDetails(world, seller, random) : null,
    payment_terms: random.chance(90) ? paymentTerms(seller, random) : null,
    credit_limit: random.chance(85) ? moneyText(random.int(10, 5000) * 10_000, 2) : null,
    tax_id: seller.taxId,
    supplier_type: random.pick(['manufacturer', 'distributor', 'importer', null]),
    industry: categories[seller.category]?.name ?? null,
    performance_rating: random.chance(90) ? moneyText(random.int(200, 500), 2) : null,
    lead_time_days: random.chance(95) ? random.int(1, 60) : null,
    is_active: random.chance(95) ? random.chance(92) : null,
    is_approved: isApproved ? 1 : 0,
    approved_at: isApproved ? momentOn(day + random.int(1, 30), random) : null,
    approved_by: isApproved ? userId(world, random.int(0, 19)) : null,
    erp_reference: random.chance(60) ? `ERP/${random.digits(6)}` : null,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

/** The wholesaler's own people: a number in older rows, a UUID in newer ones. */
export function userId(world: World, user: number): string {
  return user % 2 === 0 ? String(100 + user) : uuidFor(world.seed, 'users', user);
}

export function contactDetails(world: World, seller: Company, random: Random): string {
  const person = personIn(world.people, seller.countryKey, random);
  return JSON.stringify({
    name: person.name,
    role: random.pick(['Key account', 'Sales', 'Accounting']),
    email: `${person.mailbox}@${seller.emailDomain}`,
  });
}

export function paymentTerms(seller: Company, random: Random): string {
  const days = random.pick([14, 30, 45, 60]);
  const discount = random.chance(40) ? `, "discount": {"percent": 2.50, "days": 10}` : '';
  return `{"days": ${days}, "currency": "${seller.country.currency}"${discount}}`;
}
