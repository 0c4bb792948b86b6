import { writeFileSync } from 'node:fs';
import { homeLayout, isRigError } from '../../src/kernel/index.ts';
import { createHttp, openStore } from '../../src/store/index.ts';

/** A process that fetches one file: `fetchChild.ts HOME URL SHA256 SIZE [filler bytes written at the first progress]`. Prints JSON. */
const [root = '', url = '', sha256 = '', size = '0', filler] = process.argv.slice(2);
const http = createHttp({ env: {}, timeouts: { idle: 2000, headers: 2000 } });
const store = openStore(homeLayout(root), { http, tuning: { tries: 2, pause: 10 } });
let filled = false;
try {
  const result = await store.fetch(
    [{ sha256, size: Number(size), label: 'some.whl', locate: async () => [{ url }] }],
    {
      progress: (event) => {
        if (event.kind === 'note') process.stderr.write(`${event.text}\n`);
        if (event.kind !== 'advance') return;
        process.stderr.write('+\n');
        if (!filler || filled) return;
        filled = true;
        try {
          writeFileSync(`${root}/filler`, Buffer.alloc(Number(filler), 1));
        } catch {
          // as full as it gets
        }
      },
    },
  );
  process.stdout.write(JSON.stringify(result));
} catch (error) {
  if (!isRigError(error)) throw error;
  process.stdout.write(
    JSON.stringify({ code: error.code, exitCode: error.exitCode, message: error.message, why: error.why }),
  );
} finally {
  await http.close();
}
