import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type HomeLayout, run, writeFileAtomic } from '../kernel/index.ts';
import { onPath } from './onPath.ts';

/** What only pip itself knows. */
export interface PipFacts {
  /** The index pip uses when nothing is configured; undefined when there is no pip. */
  defaultIndex: string | undefined;
  /** sys.prefix: its pip.conf is the "site" configuration. */
  prefix: string | undefined;
}

const ASK = `
import sys, json
facts = {"prefix": sys.prefix, "index": None}
try:
    from pip._internal.models.index import PyPI
    facts["index"] = PyPI.simple_url
except Exception:
    pass
print(json.dumps(facts))
`;
const DAY = 86_400_000;

/**
 * Asks the machine's python3 and pip. The answer is kept for a day in the home's cache, keyed by the program asked,
 * because starting Python takes 0.1-0.5 s.
 */
export async function askPip(env: NodeJS.ProcessEnv, home?: HomeLayout): Promise<PipFacts> {
  const python = (await onPath('python3', env)) ?? (await onPath('python', env));
  const pip = (await onPath('pip3', env)) ?? (await onPath('pip', env));
  const program = python ?? pip;
  if (!program) return { defaultIndex: undefined, prefix: undefined };
  const cache = home && join(home.cache, 'pip-facts.json');
  const key = await programKey(program, env);
  const known = cache && (await readCache(cache, key));
  if (known) return known;
  const facts = await ask(env, python, pip);
  if (cache && facts.defaultIndex) {
    const text = JSON.stringify({ key, at: Date.now(), facts });
    await writeFileAtomic(cache, text, { mode: 0o600 }).catch(() => {});
  }
  return facts;
}

async function ask(env: NodeJS.ProcessEnv, python?: string, pip?: string): Promise<PipFacts> {
  let facts: PipFacts = { defaultIndex: undefined, prefix: undefined };
  if (python) {
    const { stdout } = await tryRun(python, ['-c', ASK], env);
    facts = parseAnswer(stdout);
    if (!facts.defaultIndex) facts.defaultIndex = indexOfHelp(await helpOf(python, ['-m', 'pip'], env));
  }
  if (!facts.defaultIndex && pip) facts.defaultIndex = indexOfHelp(await helpOf(pip, [], env));
  return facts;
}

/** pip's help names the default; settings would change what it shows. */
async function helpOf(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PIP_')));
  const { stdout } = await tryRun(program, [...args, 'install', '--help'], {
    ...clean,
    PIP_CONFIG_FILE: '/dev/null',
    COLUMNS: '400',
  });
  return stdout;
}

/** `-i, --index-url <url>  Base URL of the Python Package Index (default ADDRESS). ...` */
export function indexOfHelp(help: string): string | undefined {
  return /--index-url[\s\S]{0,400}?\(default\s+(https?:\/\/[^\s)]+)\s*\)/.exec(help)?.[1];
}

function parseAnswer(text: string): PipFacts {
  try {
    const answer = JSON.parse(text.trim().split('\n').at(-1) ?? '') as {
      prefix?: string;
      index?: string | null;
    };
    return { defaultIndex: answer.index ?? undefined, prefix: answer.prefix };
  } catch {
    return { defaultIndex: undefined, prefix: undefined };
  }
}

async function tryRun(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<{ stdout: string }> {
  return run(program, args, { env, timeout: 20_000 }).catch(() => ({ stdout: '' }));
}

async function programKey(program: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { mtimeMs } = await stat(program);
  return JSON.stringify([program, mtimeMs, env['VIRTUAL_ENV'], env['PYENV_VERSION'], env['PYTHONPATH']]);
}

async function readCache(path: string, key: string): Promise<PipFacts | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as { key: string; at: number; facts: PipFacts };
    const isGood =
      kept.key === key && Date.now() - kept.at < DAY && typeof kept.facts.defaultIndex === 'string';
    return isGood ? kept.facts : undefined;
  } catch {
    return undefined;
  }
}
