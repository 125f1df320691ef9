CREATE TABLE "customers" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_code" varchar(50) NOT NULL,
	"company_name" varchar(255) NOT NULL,
	"email" varchar(255) NOT NULL,
	"phone" varchar(50),
	"address" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"purchase_history" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customers_customer_code_key" UNIQUE("customer_code")
);
--> statement-breakpoint
CREATE TABLE "inventory" (
	"id" serial PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"location_id" uuid,
	"quantity_on_hand" integer DEFAULT 0 NOT NULL,
	"quantity_reserved" integer DEFAULT 0 NOT NULL,
	"quantity_in_transit" integer DEFAULT 0 NOT NULL,
	"quantity_available" integer NOT NULL,
	"stock_status" varchar(50) NOT NULL,
	"reorder_point" integer DEFAULT 0,
	"reorder_quantity" integer DEFAULT 0,
	"min_stock_level" integer DEFAULT 0,
	"max_stock_level" integer,
	"average_cost" numeric(10, 2),
	"last_purchase_cost" numeric(10, 2),
	"last_stock_check" timestamp with time zone,
	"last_movement" timestamp with time zone,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "price_list_items" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"price_list_id" uuid NOT NULL,
	"sku" varchar(100) NOT NULL,
	"description" text,
	"unit_price" numeric(15, 5) NOT NULL,
	"currency" varchar(3) DEFAULT 'USD',
	"min_quantity" integer DEFAULT 1,
	"discount_percent" numeric(5, 2) DEFAULT '0',
	"tier_pricing" jsonb DEFAULT '[]'::jsonb
);
--> statement-breakpoint
CREATE TABLE "price_lists" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"supplier_id" uuid NOT NULL,
	"name" varchar(255) NOT NULL,
	"effective_date" date NOT NULL,
	"expiry_date" date,
	"status" varchar(50) DEFAULT 'draft',
	"version" varchar(50) DEFAULT '1.0',
	"parent_price_list_id" uuid,
	"upload_format" varchar(50),
	"original_file_path" text,
	"original_file_name" varchar(255),
	"validation_status" varchar(50) DEFAULT 'pending',
	"validation_errors" jsonb DEFAULT '[]'::jsonb,
	"approved_by" uuid,
	"approved_at" timestamp with time zone,
	"item_count" integer DEFAULT 0,
	"currencies_supported" jsonb DEFAULT '["USD"]'::jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "products" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"external_id" integer,
	"sku" varchar(100) NOT NULL,
	"name" varchar(255) NOT NULL,
	"description" text,
	"category" varchar(100),
	"unit_price" numeric(10, 2) DEFAULT '0' NOT NULL,
	"cost_price" numeric(10, 2) DEFAULT '0',
	"supplier_id" uuid,
	"is_active" boolean DEFAULT true NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "products_external_id_key" UNIQUE("external_id"),
	CONSTRAINT "products_sku_key" UNIQUE("sku")
);
--> statement-breakpoint
CREATE TABLE "suppliers" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"supplier_code" varchar(50) NOT NULL,
	"company_name" varchar(255) NOT NULL,
	"email" varchar(255) NOT NULL,
	"phone" varchar(50),
	"website" varchar(255),
	"address" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"contact_details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"payment_terms" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"credit_limit" numeric(12, 2),
	"tax_id" varchar(50),
	"supplier_type" varchar(50) DEFAULT 'supplier',
	"industry" varchar(100),
	"performance_rating" numeric(3, 2) DEFAULT '0',
	"lead_time_days" integer DEFAULT 0,
	"is_active" boolean DEFAULT true NOT NULL,
	"is_approved" boolean DEFAULT false NOT NULL,
	"approved_at" timestamp with time zone,
	"approved_by" uuid,
	"vendor_metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "suppliers_supplier_code_key" UNIQUE("supplier_code")
);
--> statement-breakpoint
CREATE TABLE "upload_history" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"supplier_id" uuid NOT NULL,
	"file_name" varchar(255) NOT NULL,
	"file_type" varchar(50) NOT NULL,
	"file_size" integer NOT NULL,
	"status" varchar(50) NOT NULL,
	"item_count" integer DEFAULT 0,
	"success_count" integer DEFAULT 0,
	"error_count" integer DEFAULT 0,
	"errors" jsonb DEFAULT '[]'::jsonb,
	"warnings" jsonb DEFAULT '[]'::jsonb,
	"upload_date" timestamp with time zone NOT NULL,
	"completed_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	"uploaded_by" uuid NOT NULL,
	"price_list_id" uuid,
	"metadata" jsonb DEFAULT '{}'::jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "warehouses" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"code" varchar(50),
	"name" varchar(255),
	"address" jsonb,
	"is_active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "warehouses_code_key" UNIQUE("code")
);
--> statement-breakpoint
ALTER TABLE "inventory" ADD CONSTRAINT "inventory_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_list_items" ADD CONSTRAINT "price_list_items_price_list_id_price_lists_id_fk" FOREIGN KEY ("price_list_id") REFERENCES "public"."price_lists"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_lists" ADD CONSTRAINT "price_lists_supplier_id_suppliers_id_fk" FOREIGN KEY ("supplier_id") REFERENCES "public"."suppliers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_lists" ADD CONSTRAINT "price_lists_parent_price_list_id_price_lists_id_fk" FOREIGN KEY ("parent_price_list_id") REFERENCES "public"."price_lists"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_supplier_id_suppliers_id_fk" FOREIGN KEY ("supplier_id") REFERENCES "public"."suppliers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "upload_history" ADD CONSTRAINT "upload_history_supplier_id_suppliers_id_fk" FOREIGN KEY ("supplier_id") REFERENCES "public"."suppliers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "upload_history" ADD CONSTRAINT "upload_history_price_list_id_price_lists_id_fk" FOREIGN KEY ("price_list_id") REFERENCES "public"."price_lists"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "customers_email_idx" ON "customers" USING btree ("email");--> statement-breakpoint
CREATE INDEX "customers_company_name_idx" ON "customers" USING btree ("company_name");--> statement-breakpoint
CREATE INDEX "customers_created_at_idx" ON "customers" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "inventory_product_id_warehouse_id_idx" ON "inventory" USING btree ("product_id","warehouse_id");--> statement-breakpoint
CREATE INDEX "inventory_stock_status_idx" ON "inventory" USING btree ("stock_status");--> statement-breakpoint
CREATE INDEX "inventory_reorder_point_idx" ON "inventory" USING btree ("reorder_point");--> statement-breakpoint
CREATE INDEX "inventory_last_movement_idx" ON "inventory" USING btree ("last_movement");--> statement-breakpoint
CREATE INDEX "price_list_items_price_list_id_idx" ON "price_list_items" USING btree ("price_list_id");--> statement-breakpoint
CREATE INDEX "price_list_items_sku_idx" ON "price_list_items" USING btree ("sku");--> statement-breakpoint
CREATE INDEX "price_list_items_price_list_id_sku_idx" ON "price_list_items" USING btree ("price_list_id","sku");--> statement-breakpoint
CREATE INDEX "price_list_items_min_quantity_idx" ON "price_list_items" USING btree ("min_quantity");--> statement-breakpoint
CREATE INDEX "price_lists_supplier_id_idx" ON "price_lists" USING btree ("supplier_id");--> statement-breakpoint
CREATE INDEX "price_lists_status_idx" ON "price_lists" USING btree ("status");--> statement-breakpoint
CREATE INDEX "price_lists_effective_date_idx" ON "price_lists" USING btree ("effective_date");--> statement-breakpoint
CREATE INDEX "price_lists_supplier_id_status_idx" ON "price_lists" USING btree ("supplier_id","status");--> statement-breakpoint
CREATE INDEX "price_lists_version_idx" ON "price_lists" USING btree ("version");--> statement-breakpoint
CREATE INDEX "price_lists_validation_status_idx" ON "price_lists" USING btree ("validation_status");--> statement-breakpoint
CREATE INDEX "price_lists_parent_price_list_id_idx" ON "price_lists" USING btree ("parent_price_list_id");--> statement-breakpoint
CREATE INDEX "products_name_idx" ON "products" USING btree ("name");--> statement-breakpoint
CREATE INDEX "products_category_idx" ON "products" USING btree ("category");--> statement-breakpoint
CREATE INDEX "products_supplier_id_idx" ON "products" USING btree ("supplier_id");--> statement-breakpoint
CREATE INDEX "products_is_active_idx" ON "products" USING btree ("is_active");--> statement-breakpoint
CREATE INDEX "suppliers_company_name_idx" ON "suppliers" USING btree ("company_name");--> statement-breakpoint
CREATE INDEX "suppliers_email_idx" ON "suppliers" USING btree ("email");--> statement-breakpoint
CREATE INDEX "suppliers_is_active_idx" ON "suppliers" USING btree ("is_active");--> statement-breakpoint
CREATE INDEX "suppliers_supplier_type_idx" ON "suppliers" USING btree ("supplier_type");--> statement-breakpoint
CREATE INDEX "suppliers_industry_idx" ON "suppliers" USING btree ("industry");--> statement-breakpoint
CREATE INDEX "suppliers_performance_rating_idx" ON "suppliers" USING btree ("performance_rating");--> statement-breakpoint
CREATE INDEX "suppliers_is_approved_idx" ON "suppliers" USING btree ("is_approved");--> statement-breakpoint
CREATE INDEX "upload_history_supplier_id_idx" ON "upload_history" USING btree ("supplier_id");--> statement-breakpoint
CREATE INDEX "upload_history_status_idx" ON "upload_history" USING btree ("status");--> statement-breakpoint
CREATE INDEX "upload_history_upload_date_idx" ON "upload_history" USING btree ("upload_date");--> statement-breakpoint
CREATE INDEX "upload_history_uploaded_by_idx" ON "upload_history" USING btree ("uploaded_by");