/** A target column's type as far as the transform must know it, from format_type's text. */
export type TargetType =
  | { readonly kind: 'text'; readonly max: number }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'integer'; readonly size: 2 | 4 | 8 }
  | { readonly kind: 'numeric'; readonly precision: number; readonly scale: number | undefined }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'timestamp'; readonly zoned: boolean }
  | { readonly kind: 'date' }
  | { readonly kind: 'json'; readonly binary: boolean };

const fixed: Readonly<Record<string, TargetType>> = {
  text: { kind: 'text', max: Infinity },
  'character varying': { kind: 'text', max: Infinity },
  uuid: { kind: 'uuid' },
  smallint: { kind: 'integer', size: 2 },
  integer: { kind: 'integer', size: 4 },
  bigint: { kind: 'integer', size: 8 },
  numeric: { kind: 'numeric', precision: Infinity, scale: undefined },
  boolean: { kind: 'boolean' },
  'timestamp with time zone': { kind: 'timestamp', zoned: true },
  'timestamp without time zone': { kind: 'timestamp', zoned: false },
  date: { kind: 'date' },
  json: { kind: 'json', binary: false },
  jsonb: { kind: 'json', binary: true },
};

/** Undefined for types that no rule can write. `numeric` without scale keeps the scale of the rule. */
export function parseTargetType(type: string): TargetType | undefined {
  const known = fixed[type];
  if (known !== undefined) return known;
  const varying = /^character varying\((\d+)\)$/.exec(type);
  if (varying !== null) return { kind: 'text', max: Number(varying[1]) };
  const numeric = /^numeric\((\d+),(\d+)\)$/.exec(type);
  if (numeric !== null) return { kind: 'numeric', precision: Number(numeric[1]), scale: Number(numeric[2]) };
  return undefined;
}
