import { request } from 'node:http';
import type { EngineName, Probe } from './engine.ts';
import { findProgram } from './hostPrograms.ts';

const PING_MS = 1000;

/** Whether docker or podman would answer here. Running an image with them is not supported yet, and that is said. */
export async function probeContainerEngine(
  name: Exclude<EngineName, 'sandbox'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Probe> {
  const later = ['use the sandbox, or rig build -o image.tar and load that'];
  const socket = socketOf(name, env);
  if (!findProgram(name, env)) return { usable: false, reason: `${name}: not installed`, hints: [] };
  if (name === 'podman')
    return { usable: false, reason: 'podman: installed, not supported yet', hints: later };
  if (socket === undefined)
    return { usable: false, reason: 'docker: a remote daemon, not supported yet', hints: later };
  const answer = await ping(socket);
  if (answer !== 'OK') return { usable: false, reason: `docker: ${answer}`, hints: [] };
  return { usable: false, reason: 'docker: a daemon answers, but rig does not support it yet', hints: later };
}

/** Path of the daemon's socket; undefined when DOCKER_HOST names another machine. */
function socketOf(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const host = name === 'docker' ? env['DOCKER_HOST'] : undefined;
  if (!host) return '/var/run/docker.sock';
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

/** `OK` as the Engine API's /_ping answers, or why there was no answer. */
async function ping(socketPath: string): Promise<string> {
  return new Promise((done) => {
    const call = request({ socketPath, path: '/_ping', timeout: PING_MS }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => done(text.trim() || `status ${answer.statusCode}`));
    });
    call.on('timeout', () => call.destroy(new Error('no answer in a second')));
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') done('its socket may not be used by this user');
      else if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') done('no daemon answers');
      else done(error.message);
    });
    call.end();
  });
}
