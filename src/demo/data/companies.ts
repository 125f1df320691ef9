import type { Random } from '../random.js';
import { categories } from './catalog.js';
import { countries, countrySlots, type Country, type CountryKey } from './countries.js';
import type { PeopleByCountry } from './people.js';

export interface Company {
  name: string;
  countryKey: CountryKey;
  country: Country;
  /** Index into `categories`. */
  category: number;
  emailDomain: string;
  taxId: string;
  /** Four capital letters for codes. */
  mark: string;
}

const lettersWithoutMarks: Readonly<Record<string, string>> = {
  ł: 'l',
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  ü: 'ue',
  ö: 'oe',
};

/** Lower-case ASCII letters and digits with hyphens between: `Großküchen Müller` is `grosskuechen-mueller`. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[łßøæüö]/g, (letter) => lettersWithoutMarks[letter] ?? letter)
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** How many of the slots before this one belong to its country, and how many the country has in all. */
const slotRanks = countrySlots.map((key, slot) => ({
  before: countrySlots.slice(0, slot).filter((other) => other === key).length,
  all: countrySlots.filter((other) => other === key).length,
}));

/**
 * The company with this number: a different number has a different name and tax id. No company is stored,
 * since any can be made again from its number.
 */
export function company(people: PeopleByCountry, number: number): Company {
  const slot = number % countrySlots.length;
  const countryKey = countrySlots[slot] ?? 'us';
  const country: Country = countries[countryKey];
  const rank = slotRanks[slot] ?? { before: 0, all: 1 };
  const ordinal = Math.floor(number / countrySlots.length) * rank.all + rank.before;
  const { lastNames } = people[countryKey];

  const names = lastNames.length * country.trades.length * country.legalForms.length;
  // 7927 is prime to the number of names, so that every name comes once before the first comes again.
  let place = ((ordinal % names) * 7927) % names;
  const trade = place % country.trades.length;
  place = Math.floor(place / country.trades.length);
  const lastName = lastNames[place % lastNames.length] ?? '';
  const legalForm = country.legalForms[Math.floor(place / lastNames.length)] ?? '';
  const round = Math.floor(ordinal / names);

  const words = [
    lastName,
    country.trades[trade] ?? '',
    ...(round === 0 ? [] : [String(round + 1)]),
    legalForm,
  ];
  const label = slug(`${lastName} ${country.trades[trade] ?? ''}`) || `trade-${ordinal}`;
  return {
    name: words.join(country.space),
    countryKey,
    country,
    category: trade % categories.length,
    emailDomain: `${label}${round === 0 ? '' : `-${round + 1}`}.${country.domain}`,
    taxId: taxIdOf(country, number),
    mark: label
      .replace(/[^a-z]/g, '')
      .slice(0, 4)
      .padEnd(4, 'x')
      .toUpperCase(),
  };
}

/** Nine digits that no other company number has: multiplying by a prime only shuffles them. */
function taxIdOf(country: Country, number: number): string {
  const digits = String(100_000_000 + ((number * 15_485_863) % 899_999_963));
  return country.code === 'US' ? `${digits.slice(0, 2)}-${digits.slice(2)}` : `${country.taxPrefix}${digits}`;
}

export interface Address {
  line1: string;
  line2: string | null;
  city: string;
  state: string;
  country: string;
  postalCode: string;
}

const secondLines = ['Building B', '2nd floor', 'Gate 4', 'c/o Warehouse North', 'Unit 7'];

export function addressIn(people: PeopleByCountry, countryKey: CountryKey, random: Random): Address {
  const country: Country = countries[countryKey];
  const street = random.pick(people[countryKey].streets);
  const number = random.int(1, 240);
  const [city, state, postalCode] = random.pick(country.cities);
  return {
    line1: country.numberLast ? `${street} ${number}` : `${number} ${street}`,
    line2: random.chance(25) ? random.pick(secondLines) : null,
    city,
    state,
    country: random.chance(70) ? country.name : country.code,
    postalCode,
  };
}

/** A phone of the country in one of the shapes people type; plain digits and brackets name no country. */
export function phoneIn(country: Country, random: Random): string {
  const area = random.pick(country.areas);
  const local = `${random.int(2, 5)}${random.digits(country.nationalDigits - area.length - 1)}`;
  const grouped = `${local.slice(0, -4)}-${local.slice(-4)}`;
  const shape = random.int(0, 99);
  if (shape < 45) return `+${country.dial}-${area}-${grouped}`;
  if (shape < 60) return `00${country.dial}${area}${local}`;
  if (shape < 72) return `+${country.dial} ${area} ${local}`;
  if (shape < 88) return `${country.nationalPrefix}${area}${local}`;
  return `(${country.nationalPrefix}${area}) ${grouped}`;
}

export interface Person {
  name: string;
  /** For the part of an e-mail address before the @. */
  mailbox: string;
}

export function personIn(people: PeopleByCountry, countryKey: CountryKey, random: Random): Person {
  const { firstNames, lastNames } = people[countryKey];
  const first = random.pick(firstNames);
  const last = random.pick(lastNames);
  const mailbox = [slug(first), slug(last)].filter((part) => part !== '').join('.');
  return {
    name: countryKey === 'cn' ? `${last}${first}` : `${first} ${last}`,
    mailbox: mailbox || `contact${random.int(1, 99)}`,
  };
}
