import { EXIT, RigError, sha256Hex } from '../../kernel/index.ts';
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
  throw new RigError(
    'RIG-LAYERS-DEB-003',
    `${script.package} ${script.version} has a ${script.name} script that rig does not know (sha256 ${hash})`,
    {
      why: 'rig runs no package scripts; it applies their known effects, and this one could do anything',
      hint: `leave ${script.package} out of packages.debian and run \`rig exec -- apt-get install ${script.package}\` in the running environment`,
      details: { package: script.package, version: script.version, script: script.name, sha256: hash },
      exitCode: EXIT.failed,
    },
  );
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
