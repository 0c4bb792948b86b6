import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RigError, errnoOf } from '../kernel/index.ts';

const PACKAGE = join('python', 'rigprobe');

/**
 * The folder of the Python probes. They lie beside the package root, in a checkout as in an installed package,
 * whether this code runs from src/doctor or from one bundled file. Throws RIG-DOCTOR-001 when they are not there.
 */
async function probeFolder(from: string): Promise<string> {
  for (let at = from; ; at = dirname(at)) {
    try {
      await readFile(join(at, PACKAGE, '__init__.py'));
      return join(at, PACKAGE);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
    if (dirname(at) === at) {
      throw new RigError('RIG-DOCTOR-001', `the probes (${PACKAGE}) are missing from this installation`, {
        hint: 'install torchrig again',
      });
    }
  }
}

// Modules from strings: nothing is written inside the environment. linecache keeps tracebacks readable.
const LOADER = `import sys
sys.path[:] = [p for p in sys.path if p not in ("", ".")]
import importlib.abc, importlib.util, json, linecache
SOURCES = json.loads(@SOURCES@)
class Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    def find_spec(self, name, path=None, target=None):
        if name in SOURCES:
            return importlib.util.spec_from_loader(name, self, is_package=name == "rigprobe")
    def get_source(self, name):
        return SOURCES[name]
    def exec_module(self, module):
        place = "<rig>/" + module.__name__.replace(".", "/") + ".py"
        text = SOURCES[module.__name__]
        linecache.cache[place] = (len(text), None, text.splitlines(True), place)
        exec(compile(text, place, "exec"), module.__dict__)
sys.meta_path.insert(0, Finder())
importlib.import_module("rigprobe.@MODULE@").run(json.loads(@REQUEST@))
`;

/** A value as a Python string literal holding its JSON. JSON's escapes are also Python's; non-ASCII is escaped twice over. */
function pythonJson(value: unknown): string {
  const ascii = JSON.stringify(value).replace(/[\u0080-\uffff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return JSON.stringify(ascii);
}

/**
 * One Python program for `python -` (on standard input): the package rigprobe with `rigprobe.<module>.run(request)`.
 * It prints one JSON document on standard output.
 */
export async function probeScript(module: 'verify' | 'probes', request: unknown): Promise<string> {
  const folder = await probeFolder(dirname(fileURLToPath(import.meta.url)));
  const sources: Record<string, string> = {};
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.py')).sort()) {
    const key = name === '__init__.py' ? 'rigprobe' : `rigprobe.${name.slice(0, -3)}`;
    sources[key] = await readFile(join(folder, name), 'utf8');
  }
  return LOADER.replace('@MODULE@', module)
    .replace('@SOURCES@', () => pythonJson(sources))
    .replace('@REQUEST@', () => pythonJson(request));
}
