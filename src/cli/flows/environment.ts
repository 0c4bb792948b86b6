import { join } from 'node:path';
import { createSandboxEngine } from '../../engine/index.ts';
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

export interface ChosenEngine {
  engine: Engine;
  /** Why this one, for people and for `engineReason`. */
  reason: string;
}

/**
 * The engine that was asked for. Today there is one, the sandbox; others are refused by name.
 * Throws RIG-CLI-003, exit code 2.
 */
export function engineFor(call: Pick<Call, 'env'>, asked = 'auto'): ChosenEngine {
  if (asked !== 'auto' && asked !== 'sandbox') {
    throw new RigError('RIG-CLI-003', `engine ${JSON.stringify(asked)} is not there`, {
      why: 'this version runs environments in its own sandbox; docker, podman and ssh follow',
      hint: 'rig up --engine sandbox, or rig build -o image.tar && docker load -i image.tar',
      exitCode: EXIT.usage,
    });
  }
  return {
    engine: createSandboxEngine({ layout: layoutOf(call), env: call.env }),
    reason: asked === 'auto' ? 'the sandbox needs no daemon' : 'asked for',
  };
}

/** Where the environment's Jupyter token is kept. */
export function tokenPath(layout: HomeLayout, name: string): string {
  return join(layout.envs, name, 'jupyter.token');
}

/** What the environment's main command printed; `rig logs` shows it. */
export function logPath(layout: HomeLayout, name: string): string {
  return join(layout.envs, name, 'log');
}
