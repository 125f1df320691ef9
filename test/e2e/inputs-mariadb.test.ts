import { bytesPart } from './inputs/bytes.js';
import { findsChangedRows } from './inputs/changed-rows.js';
import { movesHugeCells } from './inputs/huge-cell.js';
import { keysPart } from './inputs/keys.js';
import { madeColumnsPart } from './inputs/made-columns.js';
import { namesPart } from './inputs/names.js';
import { proveInputs } from './inputs/prove-inputs.js';
import { refusesTablesWithoutKey } from './inputs/refused-keys.js';
import { treesPart } from './inputs/trees.js';
import { valuesPart } from './inputs/values/part.js';

const engine = 'mariadb';

proveInputs(
  engine,
  [
    valuesPart(engine),
    keysPart(engine),
    treesPart(),
    namesPart(engine),
    madeColumnsPart(engine),
    bytesPart(engine),
  ],
  {
    further: (started) => {
      refusesTablesWithoutKey(started);
      findsChangedRows(started);
      movesHugeCells(started);
    },
  },
);
