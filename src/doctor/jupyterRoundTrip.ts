import { randomUUID } from 'node:crypto';
import { WebSocket, fetch } from 'undici';
import { RigError, isRigError, messageOf } from '../kernel/index.ts';

export interface JupyterRoundTrip {
  /** From the request for a kernel to its answer. */
  ms: number;
  /** What the code printed. */
  output: string;
}

/** Proves that a kernel computes, not merely answers. */
const CODE = 'print(6 * 7)';

interface Message {
  msg_type?: unknown;
  parent_header?: { msg_id?: unknown };
  content?: { text?: unknown; execution_state?: unknown; ename?: unknown; evalue?: unknown };
}

function failed(why: string): RigError {
  return new RigError('RIG-DOCTOR-005', 'a notebook cannot compute: no kernel answers through Jupyter', {
    why,
    hint: 'rig logs',
  });
}

/** Sends an execute_request and gathers what is printed until the kernel is idle again (Jupyter messaging 5.3). */
function execute(
  to: { url: string; headers: Record<string, string> },
  code: string,
  signal: AbortSignal,
): Promise<string> {
  const id = randomUUID();
  const header = {
    msg_id: id,
    msg_type: 'execute_request',
    username: 'rig',
    session: randomUUID(),
    version: '5.3',
  };
  const content = { code, silent: false, store_history: false, allow_stdin: false, stop_on_error: true };
  const request = { header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] };
  return new Promise((done, fail) => {
    const socket = new WebSocket(to.url, { headers: to.headers });
    let output = '';
    const end = (finish: () => void): void => {
      socket.close();
      finish();
    };
    signal.addEventListener('abort', () => end(() => fail(failed('it took too long'))), { once: true });
    socket.addEventListener('open', () => socket.send(JSON.stringify(request)));
    socket.addEventListener('error', () => end(() => fail(failed('the connection to the kernel broke'))));
    socket.addEventListener('close', () => fail(failed('the connection to the kernel was closed')));
    socket.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') return;
      const message = JSON.parse(data) as Message;
      if (message.parent_header?.msg_id !== id) return;
      if (typeof message.content?.text === 'string') output += message.content.text;
      if (message.msg_type === 'error') {
        end(() => fail(failed(`${String(message.content?.ename)}: ${String(message.content?.evalue)}`)));
      }
      if (message.msg_type === 'status' && message.content?.execution_state === 'idle')
        end(() => done(output));
    });
  });
}

/**
 * Starts a kernel through a running Jupyter server, lets it compute, and ends it. `url`: the server's root
 * (`http://127.0.0.1:8888`). Throws RIG-DOCTOR-005 with the reason; the token never appears in it.
 */
export async function jupyterRoundTrip(options: {
  url: string;
  token: string;
  /** Milliseconds, 60,000 by default. */
  timeout?: number;
}): Promise<JupyterRoundTrip> {
  const started = performance.now();
  const root = options.url.replace(/\/(lab)?\/?$/, '');
  const headers = { authorization: `token ${options.token}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(options.timeout ?? 60_000);
  let kernel: string | undefined;
  try {
    const answer = await fetch(`${root}/api/kernels`, { method: 'POST', headers, body: '{}', signal });
    if (!answer.ok) throw failed(`Jupyter answers ${answer.status} to the request for a kernel`);
    kernel = String(((await answer.json()) as { id?: unknown }).id);
    const channel = `${root.replace(/^http/, 'ws')}/api/kernels/${encodeURIComponent(kernel)}/channels`;
    const output = (await execute({ url: channel, headers }, CODE, signal)).trim();
    if (output !== '42') throw failed(`the kernel printed "${output.slice(0, 100)}" instead of 42`);
    return { ms: Math.round(performance.now() - started), output };
  } catch (error) {
    if (isRigError(error)) throw error;
    throw failed(signal.aborted ? 'it took too long' : messageOf(error).replaceAll(options.token, '<token>'));
  } finally {
    if (kernel !== undefined) {
      await fetch(`${root}/api/kernels/${encodeURIComponent(kernel)}`, { method: 'DELETE', headers }).catch(
        () => {},
      );
    }
  }
}
