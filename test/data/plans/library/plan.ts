import {
  boolean,
  computed,
  constant,
  date,
  definePlan,
  document,
  entity,
  field,
  integer,
  keep,
  leftovers,
  reference,
  source,
  text,
  timestamp,
} from '../../../../src/plan/builder.js';
import { schemaFolder } from '../../../../src/plan/schema-folder.js';

/** Shelves stand in shelves: a row may come before the one it refers to. */
const shelves = entity({
  step: 'shelves',
  label: 'shelves',
  code: 'name',
  sources: [
    source(
      'old_shelf',
      [
        keep('id', { from: 'shelf_no' }),
        text('name', { from: 'label', required: true }),
        reference('inside_id', {
          to: 'shelves',
          id: 'parent_no',
          missing: 'null',
          label: 'surrounding shelf',
        }),
      ],
      { key: ['shelf_no'] },
    ),
  ],
});

/** Cards are named by texts that differ in case and accents only, in a table that somebody made in a spreadsheet. */
const readers = entity({
  step: 'readers',
  label: 'readers',
  key: ['card'],
  sources: [
    source('Old Readers', [
      keep('card', { from: 'Card "No"' }),
      text('name', { from: 'Full Name', required: true }),
    ]),
  ],
});

/** Books and periodicals were kept apart; their numbers never overlap. */
const books = entity({
  step: 'books',
  label: 'books',
  dependsOn: ['shelves'],
  code: 'isbn',
  unique: [{ column: 'isbn', firstBy: 'bought_on' }],
  sources: [
    source('old_book', [
      keep('id', { from: 'book_no' }),
      text('title', { required: true, max: 200 }),
      text('isbn', { required: true, min: 10, max: 13 }),
      reference('shelf_id', {
        to: 'shelves',
        id: 'shelf_no',
        code: 'shelf_label',
        missing: 'null',
        label: 'shelf',
      }),
      integer('pages', { min: 1, limits: 'warn' }),
      date('bought_on'),
      constant('times_lent', '0'),
      constant('is_periodical', 'false'),
      document('notes', leftoversOnly()),
    ]),
    source('old_periodical', [
      keep('id', { from: 'periodical_no' }),
      text('title', { from: ['title', 'short_title'], required: true, max: 200 }),
      text('isbn', { from: 'issn', required: true, min: 8, max: 13 }),
      reference('shelf_id', { to: 'shelves', code: 'shelf_label', missing: 'null', label: 'shelf' }),
      constant('pages', null),
      date('bought_on'),
      constant('times_lent', '0'),
      boolean('is_periodical', { from: 'running', default: true }),
      document('notes', leftoversOnly()),
    ]),
  ],
});

/** The key of a loan is the book and a number within the book. */
const loans = entity({
  step: 'loans',
  label: 'loans',
  dependsOn: ['books', 'readers'],
  key: ['book_id', 'loan_number'],
  derived: [{ parent: 'books', column: 'times_lent', reference: 'book_id' }],
  softReferences: [{ column: 'taken_from', to: 'shelves', code: 'name', reason: 'names no shelf' }],
  sources: [
    source(
      'old_loan',
      [
        reference('book_id', { to: 'books', id: 'book_no', missing: 'reject', label: 'book' }),
        keep('loan_number', { from: 'loan_no' }),
        computed('reader', {
          needs: ['loan_number'],
          compute: ({ loan_number: number }) => `reader of loan ${String(number)}`,
          legacy: { from: 'reader', use: 'prefer' },
        }),
        reference('reader_card', { to: 'readers', id: 'card', missing: 'null', label: 'reader' }),
        text('taken_from'),
        timestamp('lent_at', { required: true }),
        timestamp('returned_at'),
      ],
      { key: ['book_no', 'loan_no'] },
    ),
  ],
});

function leftoversOnly() {
  return { old: leftovers({ signature: field('signature') }) };
}

/** A plan of another shape than the built-in one: integer, text and composite keys, no UUIDs, and SQL written by hand. */
export const plan = definePlan({
  name: 'library',
  title: 'Town library',
  entities: [shelves, readers, books, loans],
  rules: [
    {
      name: 'returned-after-lent',
      title: 'Nothing is returned before it is lent',
      step: 'loans',
      severity: 'error',
      failing: `
        SELECT book_id || ',' || loan_number
        FROM loans
        WHERE returned_at < lent_at`,
    },
  ],
  schema: { tables: ['shelves', 'readers', 'books', 'loans'], migrationsFolder: schemaFolder(import.meta.url, './sql') },
});
