CREATE TABLE shelves (
  id integer PRIMARY KEY,
  name text NOT NULL,
  inside_id integer REFERENCES shelves (id)
);
--> statement-breakpoint
CREATE TABLE readers (
  card text PRIMARY KEY,
  name text NOT NULL
);
--> statement-breakpoint
CREATE TABLE books (
  id bigint PRIMARY KEY,
  title varchar(200) NOT NULL,
  isbn varchar(13) NOT NULL UNIQUE,
  shelf_id integer REFERENCES shelves (id),
  pages integer,
  bought_on date,
  times_lent integer NOT NULL,
  is_periodical boolean NOT NULL,
  notes jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE loans (
  book_id bigint NOT NULL REFERENCES books (id) ON DELETE CASCADE,
  loan_number integer NOT NULL,
  reader text NOT NULL,
  reader_card text REFERENCES readers (card),
  taken_from text,
  lent_at timestamptz NOT NULL,
  returned_at timestamptz,
  PRIMARY KEY (book_id, loan_number)
);
--> statement-breakpoint
CREATE INDEX books_title_idx ON books (title);
--> statement-breakpoint
CREATE INDEX loans_reader_idx ON loans (reader);
