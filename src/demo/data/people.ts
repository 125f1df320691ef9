import { faker as de } from '@faker-js/faker/locale/de';
import { faker as gb } from '@faker-js/faker/locale/en_GB';
import { faker as us } from '@faker-js/faker/locale/en_US';
import { faker as es } from '@faker-js/faker/locale/es';
import { faker as fr } from '@faker-js/faker/locale/fr';
import { faker as it } from '@faker-js/faker/locale/it';
import { faker as nl } from '@faker-js/faker/locale/nl';
import { faker as pl } from '@faker-js/faker/locale/pl';
import { faker as br } from '@faker-js/faker/locale/pt_BR';
import { faker as cn } from '@faker-js/faker/locale/zh_CN';
import { keysOf, recordOf } from '../typed-object.js';
import type { CountryKey } from './countries.js';

const fakers = { us, gb, de, pl, fr, es, it, nl, cn, br } satisfies Record<CountryKey, unknown>;

/** Names and streets of one country, drawn once so that millions of rows need no more of faker. */
interface People {
  firstNames: readonly string[];
  /** All different, so that a company can be told by its name. */
  lastNames: readonly string[];
  streets: readonly string[];
}

export type PeopleByCountry = Record<CountryKey, People>;

const poolSize = 200;

/** The pools of every country for this seed. */
export function drawPeople(seed: number): PeopleByCountry {
  return recordOf(keysOf(fakers), (key) => drawCountry(key, seed));
}

function drawCountry(key: CountryKey, seed: number): People {
  const faker = fakers[key];
  faker.seed(seed);
  const firstNames = Array.from({ length: poolSize }, () => faker.person.firstName());
  const streets = Array.from({ length: poolSize }, () => faker.location.street());
  return { firstNames, streets, lastNames: differentNames(() => faker.person.lastName()) };
}

/** Some locales know too few last names: theirs come in pairs once single ones are used up. */
function differentNames(draw: () => string): string[] {
  const names = new Set<string>();
  for (let tries = 0; names.size < poolSize; tries++) {
    names.add(tries < poolSize * 3 ? draw() : `${draw()} ${draw()}`);
  }
  return [...names];
}
