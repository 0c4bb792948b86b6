import { join } from 'node:path';
import { createSandboxEngine, probeContainerEngine } from '../../engine/index.ts';
import type { Engine } from '../../engine/index.ts';
import { EXIT, homeLayout, homeRoot, RigError } from '../../kernel/index.ts';
import type { HomeLayout } from '../../kernel/index.ts';
import { loadSpec } from '../../spec/index.ts';
import type { Call } from '../outcome.ts';

export function layoutOf(call: Pick<Call, 'env'>): HomeLayout {
  return homeLayout(homeRoot(call.env));
}

/** The NAME that was typed, else the one of the folder's spec. */
export async function nameOf(call: Pick<Call, 'cwd' | 'env'>, typed: string | undefined): Promise<string> {
  return typed ?? (await loadSpec({ folder: call.cwd, env: call.env })).name;
}

/**
 * The engine that was asked for. Today there is one, the sandbox; others are refused by name.
 * Throws RIG-CLI-003, exit code 2.
 */
export function engineFor(call: Pick<Call, 'env'>, asked = 'auto'): { engine: Engine } {
  if (asked !== 'auto' && asked !== 'sandbox') {
    throw new RigError('RIG-CLI-003', `engine ${JSON.stringify(asked)} is not there`, {
      why: 'this version runs environments in its own sandbox; docker, podman and ssh follow',
      hint: 'rig up --engine sandbox, or rig build -o image.tar && docker load -i image.tar',
      exitCode: EXIT.usage,
    });
  }
  return { engine: createSandboxEngine({ layout: layoutOf(call), env: call.env }) };
}

/** Why `auto` took the sandbox: what was found of the others. */
export async function autoReason(call: Pick<Call, 'env'>, asked: string): Promise<string> {
  if (asked !== 'auto') return 'asked for';
  const others = await Promise.all([
    probeContainerEngine('docker', call.env),
    probeContainerEngine('podman', call.env),
  ]);
  return others.map(({ reason }) => reason).join('; ');
}

/** Where the environment's Jupyter token is kept. */
export function tokenPath(layout: HomeLayout, name: string): string {
  return join(layout.envs, name, 'jupyter.token');
}

/** What the environment's main command printed; `rig logs` shows it. */
export function logPath(layout: HomeLayout, name: string): string {
  return join(layout.envs, name, 'log');
}
