import type { WheelFault } from './wheelFault.ts';

/** A command that a wheel declares (entry points specification, console_scripts and gui_scripts). */
export interface Command {
  /** File name in bin/. */
  name: string;
  module: string;
  /** `main` or `Class.main`. */
  attribute: string;
}

const IDENTIFIER = String.raw`[\p{ID_Start}_][\p{ID_Continue}]*`;
const OBJECT = new RegExp(
  String.raw`^(${IDENTIFIER}(?:\.${IDENTIFIER})*)\s*:\s*(${IDENTIFIER}(?:\.${IDENTIFIER})*)\s*(?:\[[^\]]*\])?$`,
  'u',
);
const COMMAND_NAME = /^[\w.+@-][\w.+@ -]*$/;

/** Reads entry_points.txt (an INI file); other groups are skipped. Throws RIG-LAYERS-009. */
export function parseCommands(text: string, fault: WheelFault): Command[] {
  const commands = new Map<string, Command>();
  let wanted = false;
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    if (trimmed.startsWith('[')) {
      wanted = trimmed === '[console_scripts]' || trimmed === '[gui_scripts]';
      continue;
    }
    if (!wanted) continue;
    const cut = trimmed.indexOf('=');
    const name = trimmed.slice(0, Math.max(0, cut)).trim();
    const object = OBJECT.exec(trimmed.slice(cut + 1).trim());
    if (!object || !COMMAND_NAME.test(name) || name === '.' || name === '..')
      throw fault('009', `declares the command ${JSON.stringify(trimmed)}`);
    commands.set(name, { name, module: object[1] ?? '', attribute: object[2] ?? '' });
  }
  return [...commands.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The program of a command: starts the environment's interpreter, wherever it is called from. */
export function commandScript(command: Command, interpreter: string): string {
  const first = command.attribute.split('.')[0] ?? command.attribute;
  return [
    `#!${interpreter}`,
    'import sys',
    `from ${command.module} import ${first}`,
    '',
    "if __name__ == '__main__':",
    `    sys.exit(${command.attribute}())`,
    '',
  ].join('\n');
}
