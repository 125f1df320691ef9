import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const project = path.resolve(fileURLToPath(import.meta.url), '../../..');

/** Compiles `src/servers` as a release is compiled, and returns the URL of a module in the result. */
export async function compileServers(folder: string): Promise<(module: string) => string> {
  await mkdir(folder, { recursive: true });
  await symlink(path.join(project, 'node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const config = path.join(folder, 'tsconfig.json');
  await writeFile(
    config,
    JSON.stringify({
      extends: path.join(project, 'tsconfig.build.json'),
      compilerOptions: { rootDir: project, outDir: folder, incremental: false, declaration: false },
      include: [path.join(project, 'src/servers/*.ts')],
    }),
  );
  await run(process.execPath, [path.join(project, 'node_modules/typescript/bin/tsc'), '-p', config]);
  return (module) => pathToFileURL(path.join(folder, 'src/servers', `${module}.js`)).href;
}

/** Starts a Node process that runs the text as a module. */
export function nodeArguments(script: string): string[] {
  return ['--input-type=module', '--eval', script];
}
