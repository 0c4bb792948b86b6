import { EXIT, isRigError, RigError, sha256Hex } from '../../kernel/index.ts';
import type { Effect } from './effects.ts';
import { onlyEmptyFrame, sectionsOf } from './scriptSections.ts';
import { SCRIPT_TABLE, type ScriptTable } from './scriptTable.ts';
import { templateEffects } from './templateEffects.ts';
import { matchTemplates } from './templates.ts';

export interface MaintainerScript {
  package: string;
  version: string;
  /** `preinst` or `postinst`; the others never run on a fresh install. */
  name: string;
  text: string;
}

/**
 * What a maintainer script does on a fresh install: from the table by its hash, then by its hash without the version it quotes,
 * then if it is made of debhelper's sections alone. Throws RIG-LAYERS-DEB-003, naming package, script and hash, for any other.
 */
export function recogniseScript(
  script: MaintainerScript,
  table: ScriptTable = SCRIPT_TABLE,
): readonly Effect[] {
  const hash = sha256Hex(script.text);
  const known =
    table.scripts[hash] ?? table.versioned[sha256Hex(script.text.replaceAll(script.version, '@VERSION@'))];
  if (known) return known.effects;
  const effects = boilerplateEffects(script.text, table);
  if (effects) return effects;
  throw unknownScript(script, hash);
}

const UNKNOWN = 'RIG-LAYERS-DEB-003';
const WHY =
  'rig runs no package scripts; it applies their known effects, and an unknown one could do anything';

function hint(packages: string): string {
  return `leave it out of packages.debian (or what depends on it) and run \`rig exec -- apt-get install ${packages}\` in the running environment`;
}

function unknownScript({ package: name, version, name: script }: MaintainerScript, hash: string): RigError {
  return new RigError(
    UNKNOWN,
    `${name} ${version} has a ${script} script that rig does not know (sha256 ${hash})`,
    {
      why: WHY,
      hint: hint(name),
      details: { package: name, version, script, sha256: hash },
      exitCode: EXIT.failed,
    },
  );
}

export function isUnknownScript(error: unknown): error is RigError {
  return isRigError(error) && error.code === UNKNOWN;
}

/** One refusal for several packages. */
export function unknownScripts(errors: readonly RigError[]): RigError {
  const names = errors.map(({ details }) => String(details?.['package']));
  const list = errors.map(({ message }) => `  ${message}`).join('\n');
  return new RigError(UNKNOWN, `${errors.length} packages have scripts that rig does not know:\n${list}`, {
    why: WHY,
    hint: hint(names.join(' ')),
    details: { scripts: errors.map(({ details }) => details) },
    exitCode: EXIT.failed,
  });
}

/** Effects of a script that debhelper wrote from end to end; undefined when any line is not its own. */
export function boilerplateEffects(text: string, table: ScriptTable = SCRIPT_TABLE): Effect[] | undefined {
  const { sections, rest } = sectionsOf(text);
  if (!onlyEmptyFrame(rest)) return undefined;
  const effects: Effect[] = [];
  for (const section of sections) {
    const matches = matchTemplates(section, table.templates);
    if (!matches) return undefined;
    for (const match of matches) {
      const found = templateEffects(match);
      if (!found) return undefined;
      effects.push(...found);
    }
  }
  return effects;
}
