import { describe, expect, test } from 'vitest';
import {
  type Column,
  computed,
  date,
  definePlan,
  document,
  entity,
  type EntityDraft,
  field,
  identity,
  type PlanDraft,
  reference,
  source,
  text,
} from '../../src/plan/builder.js';
import { nxtPlan } from '../../src/plan/nxt/plan.js';

const authors: EntityDraft = {
  step: 'authors',
  label: 'authors',
  code: 'name',
  sources: [source('old_authors', [identity('id'), text('name', { required: true })])],
};
const books: EntityDraft = {
  step: 'books',
  label: 'books',
  dependsOn: ['authors'],
  sources: [
    source('old_books', [
      identity('id'),
      text('title', { from: ['title', 'name'] }),
      reference('author_id', { to: 'authors', id: 'author_id', missing: 'reject', label: 'author' }),
    ]),
  ],
};

/** The library with some of its books' settings replaced. */
function plan(change: Partial<EntityDraft> = {}, rest: Partial<PlanDraft> = {}): () => unknown {
  return () =>
    definePlan({
      name: 'library',
      title: 'Library',
      entities: [entity(authors), entity({ ...books, ...change })],
      schema: { tables: ['authors', 'books'], migrationsFolder: '/nowhere' },
      ...rest,
    });
}

test('a column is read from the legacy column of its name unless told, a table is named like its step', () => {
  const { table, key, sources } = entity({ ...books, step: 'rare-books' });

  expect(table).toBe('rare_books');
  expect(key).toEqual(['id']);
  expect(sources[0]?.columns['id']).toEqual({ kind: 'identity', from: 'id' });
  expect(sources[0]?.columns['title']).toEqual({ kind: 'text', from: ['title', 'name'] });
});

test('a plan is frozen to its depth', () => {
  expect(() => Object.assign(nxtPlan.entities[0]?.sources[0]?.columns['id'] ?? {}, { kind: 'keep' })).toThrow(
    'read only',
  );
});

test('everything that is wrong is told at once', () => {
  expect(plan({ key: ['no'], code: 'isbn' })).toThrow(
    'The plan library cannot be used: \n' +
      '- books: the key needs the column no, which no rule writes\n' +
      '- books: the code needs the column isbn, which no rule writes',
  );
});

/** Books with just these columns beside their id. */
function from(...columns: Column[]): Partial<EntityDraft> {
  return { sources: [source('old_books', [identity('id'), ...columns])] };
}

describe('a plan is refused', () => {
  const refused: Record<string, [() => unknown, string]> = {
    'with a name that is not in kebab-case': [
      plan({ step: 'rareBooks' }),
      '"rareBooks" is not a name in kebab-case',
    ],
    'without steps': [plan({}, { entities: [] }), 'it has no steps'],
    'with two steps of one name': [
      plan({}, { entities: [entity(authors), entity(authors)] }),
      'two steps are called authors',
    ],
    'with two steps into one table': [plan({ table: 'authors' }), 'two steps move into the table authors'],
    'with a legacy table that is read twice': [
      plan({ sources: [source('old_authors', [identity('id')])] }),
      'the legacy table old_authors is the source of two steps',
    ],
    'with an unknown dependency': [
      plan({ dependsOn: ['authors', 'shelves'] }),
      'books depends on shelves, which is no step; steps are authors, books',
    ],
    'with steps that wait for each other': [
      plan({}, { entities: [entity({ ...authors, dependsOn: ['books'] }), entity(books)] }),
      'in a circle: authors → books → authors',
    ],
    'with a step that waits for itself': [plan({ dependsOn: ['books'] }), 'in a circle: books → books'],
    'with a reference to a step that may not have moved': [
      plan({ dependsOn: [] }),
      'books (from old_books): author_id refers to authors, which books does not depend on',
    ],
    'with a reference to no step': [
      plan(from(reference('shelf_id', { to: 'shelves', id: 'shelf', missing: 'null', label: 'shelf' }))),
      'shelf_id refers to shelves, which is no step',
    ],
    'with a reference to itself that would reject': [
      plan(from(reference('sequel_id', { to: 'books', id: 'sequel', missing: 'reject', label: 'sequel' }))),
      'sequel_id refers to its own step and is set after the load, so it cannot reject',
    ],
    'with a code where rows have none': [
      plan({
        dependsOn: ['authors'],
        ...from(reference('sequel_id', { to: 'books', code: 'sequel', missing: 'null', label: 'sequel' })),
      }),
      'sequel_id looks for a code, but books has none',
    ],
    'with a column that is written twice': [
      plan(from(text('title'), text('title', { from: 'name' }))),
      'Step books writes the column title twice from old_books',
    ],
    'with sources that write different columns': [
      plan({ sources: [...books.sources, source('new_books', [identity('id'), text('title')])] }),
      'do not write the same columns: author_id in only one of them',
    ],
    'with a computed column that needs an unknown one': [
      plan(from(computed('age', { needs: ['printed_on'], compute: () => 1 }))),
      'the computed column age needs the column printed_on, which no rule writes',
    ],
    'with columns that are computed from each other': [
      plan(
        from(
          computed('age', { needs: ['decade'], compute: () => 1 }),
          computed('decade', { needs: ['age'], compute: () => 1 }),
        ),
      ),
      'computed from each other in a circle: age → decade → age',
    ],
    'with a row check that needs an unknown column': [
      plan({
        sources: [
          source('old_books', [identity('id'), date('printed_on')], {
            checks: [{ needs: ['sold_on'], check: () => undefined }],
          }),
        ],
      }),
      'a row check needs the column sold_on',
    ],
    'with a unique rule over an unknown column': [
      plan({ unique: [{ column: 'isbn', firstBy: 'id' }] }),
      'a unique rule needs the column isbn',
    ],
    'with a count of rows that do not refer to the parent': [
      plan({ derived: [{ parent: 'authors', column: 'name', reference: 'title' }] }),
      'title is no reference to authors',
    ],
    'with a soft reference to a code that is not there': [
      plan({ softReferences: [{ column: 'title', to: 'authors', code: 'isbn', reason: 'unknown' }] }),
      'a soft reference of books needs the column isbn',
    ],
    'with a consolidation of tables that are not its sources': [
      plan({
        consolidation: {
          from: 'old_papers',
          into: 'old_books',
          matches: [{ rule: 'title', columns: ['title'] }],
          firstBy: 'id',
          keptIn: { column: 'title', path: ['merged'] },
        },
      }),
      'books consolidates old_papers, which is not among its sources old_books',
    ],
    'with a legacy document that has no place for leftovers': [
      plan(from(document('notes', { by: field('reader') }, { onto: 'notes' }))),
      'starts from a legacy one, but has no object for leftovers',
    ],
    'with a business rule of no step': [
      plan(
        {},
        { rules: [{ name: 'x', title: 'X', step: 'shelves', severity: 'error', failing: 'SELECT 1' }] },
      ),
      'the business rule x belongs to shelves, which is no step',
    ],
    'with a table that the schema does not have': [
      plan({}, { schema: { tables: ['authors'], migrationsFolder: '/nowhere' } }),
      'the table books of books is not among the schema',
    ],
  };

  test.each(Object.entries(refused))('%s', (_, [define, message]) => {
    expect(define).toThrow(message);
  });

  test('but not as it is', () => {
    expect(plan()).not.toThrow();
  });
});
