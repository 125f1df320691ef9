import { defineConfig } from 'drizzle-kit';

/** `npx drizzle-kit generate --config src/plan/nxt/drizzle.config.ts` after a change of the schema. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/plan/nxt/schema.ts',
  out: './src/plan/nxt/sql',
});
