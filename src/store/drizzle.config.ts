import { defineConfig } from 'drizzle-kit';

/** `npx drizzle-kit generate --config src/store/drizzle.config.ts` after a change of the schema. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/store/schema.ts',
  out: './src/store/sql',
  schemaFilter: ['migration'],
});
