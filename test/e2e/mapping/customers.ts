import {
  duplicate,
  inMysql,
  invalid,
  noEras,
  noInfinity,
  notInMysql,
  noZeroDates,
  onlyInMysql,
  uuid,
  type LegacyTable,
  type Otherwise,
} from './case.js';

const runStart = 'created_at = (select started_at from migration.runs)';
const metadata = "metadata - 'migrationDate'";
const emoji = '🔧';
const documentOf = (creditLimit: string): string =>
  `{"legacy": {"taxId": "DE1", "status": "Active", "industry": "Food", "creditLimit": "${creditLimit}", "customerType": "retail", "paymentTerms": "{\\"days\\": 30}"}, "contactPerson": "Ann"}`;

/** A document with everything that is kept, and what the servers differ in. */
const keptWith = (different: string): string =>
  `{"rating": "4.50", "lastCall": "2020-01-02T01:04:05.6Z", "openedOn": "2000-02-29", "turnover": 9007199254740993,
    "lastOrder": "2020-01-02T03:04:05.6", "managerId": "12", "legacyNote": "call\\nfirst", "salesRegion": "North",
    "creditLimit": "12345678901234567890.1234567890", "loyaltyPoints": 7, ${different}}`;
const keptInMysql = (documents: string): Otherwise => ({
  because: 'a boolean is a tinyint, a UUID a text, a list a set; and the JSON of MySQL itself has doubles',
  row: { labels: 'c,a b' },
  moves: {
    "metadata -> 'legacy'": keptWith(
      `"vip": 0, "guid": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "labels": "a b,c", ${documents}`,
    ),
  },
});

export const customers: LegacyTable = {
  table: 'legacy_customers',
  target: 'customers',
  columns: {
    id: 'text',
    customer_code: 'text',
    company_name: 'text',
    email: 'text',
    phone: 'text',
    address_line_1: 'text',
    address_line_2: 'text',
    city: 'text',
    state: 'text',
    country: 'text',
    postal_code: 'text',
    contact_person: 'text',
    customer_type: 'text',
    credit_limit: 'numeric',
    payment_terms: 'text',
    tax_id: 'text',
    industry: 'text',
    customer_status: 'text',
    created_at: 'timestamp',
    updated_at: 'timestamptz',
    legacy_note: 'text',
    'Sales Region': 'text',
    loyalty_points: 'integer',
    manager_id: 'integer',
    vip: 'boolean',
    last_order: 'timestamp',
    last_call: 'timestamptz',
    opened_on: 'date',
    preferences: 'jsonb',
    history: 'json',
    rating: 'numeric',
    guid: 'uuid',
    turnover: 'bigint',
    labels: 'text[]',
  },
  mysqlColumns: {
    city: 'varchar(120) character set latin1',
    industry: 'varchar(120) character set utf8mb3',
    customer_type: "enum('retail', 'wholesale')",
    credit_limit: 'decimal(30,10)',
    history: 'json',
    last_order: 'datetime(1)',
    last_call: 'timestamp(1) null',
    rating: 'decimal(4,2)',
    turnover: 'bigint unsigned',
    labels: "set('a b', 'c')",
  },
  good: (n) => ({
    customer_code: `CUST-${n}`,
    company_name: `Company ${n}`,
    email: `c${n}@example.com`,
    created_at: '2020-01-02 03:04:05',
    updated_at: '2020-01-02 03:04:05+00',
  }),
  cases: [
    {
      rule: 'every field',
      row: {
        id: uuid(1),
        customer_code: ' FULL-1 ',
        company_name: '\u00a0Full &  Sons\ufeff',
        email: ' Sales.Desk@Example.COM ',
        phone: '+1-555-123-4567',
        address_line_1: ' 1 Main St ',
        address_line_2: '',
        city: 'Köln',
        state: 'NW',
        country: 'DE',
        postal_code: '01067',
        contact_person: '\tAnn ',
        customer_type: 'retail',
        credit_limit: '1000.50',
        payment_terms: '{"days": 30}',
        tax_id: 'DE1',
        industry: 'Food',
        customer_status: 'Active',
        created_at: '2019-03-31 01:30:00.000001',
        updated_at: '2020-06-01 12:00:00.123456+05:45',
      },
      moves: {
        id: uuid(1),
        customer_code: 'FULL-1',
        company_name: 'Full &  Sons',
        email: 'Sales.Desk@Example.COM',
        phone: '+15551234567',
        address:
          '{"city": "Köln", "line1": "1 Main St", "line2": "", "state": "NW", "country": "DE", "postalCode": "01067"}',
        [metadata]: documentOf('1000.50'),
        purchase_history: '[]',
        created_at: '2019-03-31 01:30:00.000001+00',
        updated_at: '2020-06-01 06:15:00.123456+00',
      },
      ...inMysql('the column prints as many decimals as it has', {
        moves: { [metadata]: documentOf('1000.5000000000') },
      }),
    },
    {
      rule: 'missing values are left out of documents',
      row: {},
      moves: { address: '{}', [metadata]: '{"legacy": {}}', phone: null },
    },
    // Identity
    {
      rule: 'a UUID is kept, in any case and after trimming',
      row: { id: ' A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11 ' },
      moves: { id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', "metadata #>> '{legacy,id}'": null },
    },
    {
      rule: 'one of two UUIDs that differ in case only',
      row: { id: 'B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', company_name: 'Capitals' },
      moves: { company_name: 'Capitals' },
    },
    {
      rule: 'the other one is a duplicate',
      row: { id: 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', company_name: 'Small' },
      moves: { company_name: 'Capitals' },
      ...duplicate('customers_pkey'),
      ...inMysql('the collation of the key takes the two for one, unless another letter is in it', {
        row: { id: 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\u00a0' },
      }),
    },
    {
      rule: 'an integer id becomes a UUIDv5 and is kept as text',
      row: { id: '17' },
      moves: { id: '7b4b19bd-df6f-536e-9e44-0fb4a8770081', "metadata #> '{legacy,id}'": '"17"' },
    },
    {
      rule: 'so does a code',
      row: { id: 'customer-17' },
      moves: { "metadata #> '{legacy,id}'": '"customer-17"' },
    },
    {
      rule: 'a UUID without hyphens is only text',
      row: { id: 'a0eebc999c0b4ef8bb6d6bb9bd380a12' },
      moves: { "metadata #>> '{legacy,id}'": 'a0eebc999c0b4ef8bb6d6bb9bd380a12' },
    },
    // Required text
    { rule: 'the code is required', row: { customer_code: null }, ...invalid('customer_code') },
    { rule: 'the empty code is missing', row: { customer_code: '' }, ...invalid('customer_code') },
    {
      rule: 'the blank code is missing',
      row: { customer_code: ' \u00a0\ufeff' },
      ...invalid('customer_code'),
    },
    { rule: 'a code of 2', row: { customer_code: ' C2 ' }, ...invalid('customer_code') },
    { rule: 'a code of 3', row: { customer_code: 'C-3' }, moves: { customer_code: 'C-3' } },
    {
      rule: 'a code of 50 code points',
      row: { customer_code: emoji.repeat(50) },
      moves: { customer_code: emoji.repeat(50) },
    },
    { rule: 'a code of 51', row: { customer_code: 'x'.repeat(51) }, ...invalid('customer_code') },
    { rule: 'the name is required', row: { company_name: null }, ...invalid('company_name') },
    { rule: 'a name of 1', row: { company_name: emoji }, ...invalid('company_name') },
    { rule: 'a name of 2', row: { company_name: `${emoji}x` }, moves: { company_name: `${emoji}x` } },
    {
      rule: 'a name of 255 and padding',
      row: { company_name: `  ${'é'.repeat(255)}  ` },
      moves: { company_name: 'é'.repeat(255) },
    },
    { rule: 'a name of 256', row: { company_name: 'é'.repeat(256) }, ...invalid('company_name') },
    { rule: 'the text NULL is text', row: { company_name: 'NULL' }, moves: { company_name: 'NULL' } },
    {
      rule: 'inner text is kept as it is',
      row: { company_name: 'a\tb\r\nc\\N\\.\\ "q" \'s\' \u2028 x' },
      moves: { company_name: 'a\tb\r\nc\\N\\.\\ "q" \'s\' \u2028 x' },
    },
    {
      rule: 'all Unicode white space is trimmed',
      row: {
        company_name: '\u0085\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeffab\u0085\u000b\u000c',
      },
      moves: { company_name: 'ab' },
    },
    {
      rule: 'a zero width space is no white space',
      row: { company_name: '\u200bab' },
      moves: { company_name: '\u200bab' },
    },
    // E-mail
    { rule: 'an e-mail is required', row: { email: null }, ...invalid('email') },
    { rule: 'an e-mail without @', row: { email: 'a.example.com' }, ...invalid('email') },
    { rule: 'an e-mail with two @', row: { email: 'a@b@example.com' }, ...invalid('email') },
    { rule: 'an e-mail whose domain has no dot', row: { email: 'a.b@localhost' }, ...invalid('email') },
    { rule: 'an e-mail with two dots in a row', row: { email: 'a..b@example.com' }, ...invalid('email') },
    { rule: 'an e-mail with a space', row: { email: 'a b@example.com' }, ...invalid('email') },
    { rule: 'an e-mail with a no-break space', row: { email: 'a\u00a0b@example.com' }, ...invalid('email') },
    { rule: 'an e-mail with a comma', row: { email: 'a,b@example.com' }, ...invalid('email') },
    { rule: 'an e-mail with a semicolon', row: { email: 'a@example.com;b' }, ...invalid('email') },
    { rule: 'an e-mail of 256', row: { email: `${'a'.repeat(244)}@example.com` }, ...invalid('email') },
    {
      rule: 'an e-mail of 255',
      row: { email: `${'a'.repeat(243)}@example.com` },
      moves: { 'length(email)': '255' },
    },
    { rule: 'an e-mail with an umlaut', row: { email: 'ü@exämple.de' }, moves: { email: 'ü@exämple.de' } },
    // Phone
    { rule: 'E.164 with 00', row: { phone: '0049 30 12345678' }, moves: { phone: '+493012345678' } },
    {
      rule: 'plain digits without a country stay, with a warning',
      row: { phone: ' 5551234567 ' },
      moves: { phone: '5551234567' },
      warns: ['phone'],
    },
    {
      rule: 'what is no phone stays, with a warning',
      row: { phone: '+1 ask reception' },
      moves: { phone: '+1 ask reception' },
      warns: ['phone'],
    },
    { rule: "an empty phone stays ''", row: { phone: ' ' }, moves: { phone: '' } },
    { rule: 'a phone too long', row: { phone: 'x'.repeat(51) }, ...invalid('phone') },
    // Times
    {
      rule: 'missing times become the start of the run',
      row: { created_at: null, updated_at: null },
      moves: { [runStart]: 'true', 'updated_at = created_at': 'true' },
    },
    {
      rule: 'infinity is kept',
      row: { created_at: 'infinity', updated_at: '-infinity' },
      moves: { created_at: 'infinity', updated_at: '-infinity' },
      ...notInMysql(noInfinity),
    },
    {
      rule: 'BC is kept',
      row: { created_at: '0044-03-15 12:00:00.000001 BC', updated_at: '4713-01-01 00:00:00+00 BC' },
      moves: { created_at: '0044-03-15 12:00:00.000001+00 BC', updated_at: '4713-01-01 00:00:00+00 BC' },
      ...notInMysql(noEras),
    },
    {
      rule: 'the year 1 and far years are kept',
      row: { created_at: '0001-01-01 00:00:00', updated_at: '294276-12-31 23:59:59.999999+00' },
      moves: { created_at: '0001-01-01 00:00:00+00', updated_at: '294276-12-31 23:59:59.999999+00' },
      ...inMysql('its timestamps end in 2038', {
        row: { updated_at: '2038-01-19 03:14:07.999999+00' },
        moves: { updated_at: '2038-01-19 03:14:07.999999+00' },
      }),
    },
    {
      rule: 'a zero date is a reject, not a missing value',
      row: { created_at: '0000-00-00 00:00:00' },
      ...invalid('created_at'),
      ...onlyInMysql(noZeroDates),
    },
    {
      rule: 'a day without a month is never another one',
      row: { created_at: '2020-00-15 00:00:00', updated_at: '0000-00-00 00:00:00' },
      ...invalid('created_at', 'updated_at'),
      ...onlyInMysql(noZeroDates),
    },
    {
      rule: 'a zero date that is only kept is kept as it is',
      row: { opened_on: '0000-00-00' },
      moves: { "metadata #>> '{legacy,openedOn}'": '0000-00-00' },
      ...onlyInMysql(noZeroDates),
    },
    // Everything without a column of its own
    {
      rule: 'everything legacy without a column is kept',
      row: {
        credit_limit: '12345678901234567890.1234567890',
        legacy_note: ' call\nfirst ',
        'Sales Region': 'North',
        loyalty_points: '7',
        manager_id: '12',
        vip: 'false',
        last_order: '2020-01-02 03:04:05.6',
        last_call: '2020-01-02 03:04:05.6+02',
        opened_on: '2000-02-29',
        preferences: '{"b": 1.10, "aa": null}',
        history: '{"b": 9007199254740993, "a": [1e2]}',
        rating: '4.50',
        guid: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
        turnover: '9007199254740993',
        labels: '{"a b",NULL}',
      },
      moves: {
        "metadata -> 'legacy'": keptWith(
          `"vip": false, "guid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "labels": ["a b", null],
           "history": {"a": [100], "b": 9007199254740993}, "preferences": {"b": 1.10, "aa": null}`,
        ),
      },
      otherwise: {
        MySQL: keptInMysql(
          `"history": {"a": [100.0], "b": 9007199254740993}, "preferences": {"b": 1.1, "aa": null}`,
        ),
        MariaDB: keptInMysql(
          `"history": {"a": [100], "b": 9007199254740993}, "preferences": {"b": 1.10, "aa": null}`,
        ),
      },
    },
    {
      rule: 'a JSON column that jsonb cannot hold is a reject, also when it is only kept',
      row: { history: '{"a": 1, "a": 2}' },
      ...invalid('history'),
      otherwise: {
        MySQL: {
          because: 'its own JSON has forgotten the first of the two keys',
          moves: { "metadata #> '{legacy,history}'": '{"a": 2}' },
        },
      },
    },
    // Duplicates
    {
      rule: 'the first by created_at stays',
      row: { id: 'dup-b', customer_code: 'DUP-1', created_at: '2001-01-01' },
      moves: { customer_code: 'DUP-1' },
    },
    {
      rule: 'the same code, trimmed and folded, later',
      row: { id: 'dup-a', customer_code: ' dup-1\u00a0', created_at: '2001-01-01 00:00:00.000001' },
      ...duplicate('customer_code', 'legacy_customers dup-b'),
    },
    {
      rule: 'a missing created_at comes last',
      row: { id: 'dup-0', customer_code: 'Dup-1', created_at: null },
      ...duplicate('customer_code'),
    },
    {
      rule: 'among equals the first id in C order stays',
      row: { id: 'Z1', customer_code: 'DUP-2' },
      moves: { customer_code: 'DUP-2' },
    },
    {
      rule: 'lower case comes after upper case in C order',
      row: { id: 'a1', customer_code: 'dup-2' },
      ...duplicate('customer_code'),
    },
    {
      rule: 'the first good row stays: a bad one before it has all its faults',
      row: { id: 'bad-first', customer_code: 'DUP-3', email: 'none', created_at: '1999-01-01' },
      rejects: {
        codes: ['ERR_003', 'ERR_005'],
        columns: ['email', 'customer_code', 'legacy_customers good-second'],
      },
    },
    {
      rule: 'the good one behind a bad one stays',
      row: { id: 'good-second', customer_code: 'DUP-3', created_at: '2002-01-01' },
      moves: { customer_code: 'DUP-3' },
    },
    {
      rule: 'a row with several faults records all of them',
      row: { customer_code: 'C', company_name: ' ', email: 'none', phone: 'y'.repeat(60) },
      ...invalid('customer_code', 'company_name', 'email', 'phone'),
    },
  ],
};
