/**
 * Makes src/layers/debian/table.json and the golden outputs of its tests from a file of measured facts:
 * `tsx scripts/makeDebianTable.ts --facts FILE`. The facts say for each package of a real installation what its scripts do.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

type Effect = { kind: string; path?: string; [key: string]: unknown };
interface Script {
  sha256: string;
  sha256Normalised?: string;
  effects: Effect[];
}
interface Package {
  version: string;
  sha256: string;
  scripts: Record<string, Script>;
}
interface Facts {
  generated: { date: string };
  archive: Record<string, unknown>;
  boilerplate: { templates: { name: string; lines: string[] }[] };
  packages: Record<string, Package>;
  extras: { packages?: Record<string, Package> } & Record<string, unknown>;
  golden: { paths: Record<string, unknown> };
}

// nothing on a fresh install, or left out on purpose (docs/debian.md)
const DROPPED = new Set([
  'none',
  'assert',
  'pycompile',
  'systemd',
  'sysv',
  'runit',
  'tmpfiles',
  'iconcache',
  'debconf',
  'ssh-host-keys',
]);
const KEPT_FIELDS = new Set([
  'kind',
  'passwd',
  'group',
  'name',
  'uid',
  'gid',
  'gecos',
  'home',
  'shell',
  'path',
  'mode',
  'owner',
  'content',
  'from',
  'to',
  'ifDir',
  'ifMissing',
  'package',
  'rename',
  'link',
  'priority',
  'slaves',
  'optional',
  'action',
  'header',
  'tool',
  'makes',
  'neededBy',
]);

function simplified(effect: Effect): Effect {
  // what the script itself does where setcap is missing; image layers carry no extended attributes
  if (effect.kind === 'setcap')
    return { kind: 'mode', path: String(effect.path), mode: '4755', owner: '0:0' };
  if (effect.kind === 'locale-gen' || effect.kind === 'compiler-links') {
    const tool = effect.kind === 'locale-gen' ? 'locale-gen' : 'update-ccache-symlinks';
    const makes = [String(effect['path'] ?? effect['dir'])];
    return { kind: 'exec-cache', tool, makes, neededBy: 'run it inside the environment to have them' };
  }
  const from = effect.kind === 'ca-conf' ? new Set(['from']) : new Set<string>();
  return Object.fromEntries(
    Object.entries(effect).filter(([key]) => KEPT_FIELDS.has(key) && !from.has(key)),
  ) as Effect;
}

const { values } = parseArgs({ options: { facts: { type: 'string' } } });
if (!values.facts) throw new Error('usage: tsx scripts/makeDebianTable.ts --facts FILE');
const facts = JSON.parse(readFileSync(values.facts, 'utf8')) as Facts;
const extras = (facts.extras.packages ?? facts.extras) as Record<string, Package>;

const scripts = new Map<string, object>();
const versioned = new Map<string, object>();
for (const [name, each] of [...Object.entries(facts.packages), ...Object.entries(extras)]) {
  if (typeof each !== 'object' || !('scripts' in each)) continue;
  for (const kind of ['preinst', 'postinst']) {
    const script = each.scripts[kind];
    if (!script) continue;
    const effects = script.effects.filter((effect) => !DROPPED.has(effect.kind)).map(simplified);
    const known = { package: name, effects };
    const before = scripts.get(script.sha256);
    if (before && JSON.stringify((before as typeof known).effects) !== JSON.stringify(effects)) {
      throw new Error(`the script of ${name} has two meanings`);
    }
    if (!before) scripts.set(script.sha256, known);
    if (script.sha256Normalised) versioned.set(script.sha256Normalised, known);
  }
}

const sorted = (map: Map<string, object>): string =>
  [...map]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([hash, known]) => `    ${JSON.stringify(hash)}: ${JSON.stringify(known)}`)
    .join(',\n');
const templates = facts.boilerplate.templates.map(
  ({ name, lines }) => `    ${JSON.stringify({ name, lines })}`,
);
const source = `Debian ${String(facts.archive['point release'])}, measured ${facts.generated.date}`;
const text = `{
  "format": 1,
  "source": ${JSON.stringify(source)},
  "scripts": {
${sorted(scripts)}
  },
  "versioned": {
${sorted(versioned)}
  },
  "templates": [
${templates.join(',\n')}
  ]
}
`;
writeFileSync(new URL('../src/layers/debian/table.json', import.meta.url), text);

const golden = {
  note: 'what a real installation of these packages has; left out there: systemd, sysv and runit effects',
  debs: Object.fromEntries(Object.entries(facts.packages).map(([name, each]) => [name, each.sha256])),
  paths: Object.fromEntries(
    Object.entries(facts.golden.paths).filter(
      ([path]) => !/^\/etc\/(rc.\.d|runit|systemd)|\/deb-systemd-/.test(path),
    ),
  ),
};
const target = new URL('../tests/layers-debian/golden.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(golden, null, 1)}\n`);
