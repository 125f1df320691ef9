DROP INDEX "migration"."links_run_step";--> statement-breakpoint
DROP INDEX "migration"."warnings_run_step";--> statement-breakpoint
ALTER TABLE "migration"."links" ADD COLUMN "range" integer;--> statement-breakpoint
ALTER TABLE "migration"."links" ADD COLUMN "chunk" integer;--> statement-breakpoint
ALTER TABLE "migration"."merges" ADD COLUMN "range" integer;--> statement-breakpoint
ALTER TABLE "migration"."merges" ADD COLUMN "chunk" integer;--> statement-breakpoint
ALTER TABLE "migration"."warnings" ADD COLUMN "range" integer;--> statement-breakpoint
ALTER TABLE "migration"."warnings" ADD COLUMN "chunk" integer;--> statement-breakpoint
CREATE INDEX "links_chunk" ON "migration"."links" USING btree ("run","step","range","chunk");--> statement-breakpoint
CREATE INDEX "merges_chunk" ON "migration"."merges" USING btree ("run","step","range","chunk");--> statement-breakpoint
CREATE INDEX "warnings_chunk" ON "migration"."warnings" USING btree ("run","step","range","chunk");