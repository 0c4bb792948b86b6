import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { JupyterServer } from './jupyterApi.ts';

/** What a piece of code did in a kernel. */
export interface Execution {
  status: 'ok' | 'error' | 'aborted';
  /** Everything it printed to stdout. */
  stdout: string;
  stderr: string;
  /** Name and text of the exception, when status is error. */
  error?: { name: string; value: string };
  milliseconds: number;
}

interface Message {
  channel?: string;
  parent_header?: { msg_id?: string };
  header?: { msg_type?: string };
  content?: {
    execution_state?: string;
    name?: string;
    text?: string;
    status?: string;
    ename?: string;
    evalue?: string;
  };
}

/** A running kernel, spoken to as a notebook does (Jupyter messaging 5.3 as JSON over a websocket). */
export class KernelConnection {
  private readonly socket: WebSocket;
  private readonly session: string;
  private readonly listeners = new Set<(message: Message | Error) => void>();

  private constructor(socket: WebSocket, session: string) {
    this.socket = socket;
    this.session = session;
    socket.on('message', (data: Buffer, binary) => {
      if (!binary) this.tell(JSON.parse(data.toString()) as Message);
    });
    socket.on('error', (error) => this.tell(error));
    socket.on('close', () => this.tell(new Error('the connection to the kernel was closed')));
  }

  /** Connects to a kernel that exists. */
  static async open(server: JupyterServer, kernel: string, timeout: number): Promise<KernelConnection> {
    const session = randomUUID();
    const address = `ws://${server.host ?? '127.0.0.1'}:${server.port}/api/kernels/${kernel}/channels?session_id=${session}`;
    const socket = new WebSocket(address, {
      headers: { authorization: `token ${server.token}` },
      handshakeTimeout: timeout,
    });
    await new Promise<void>((done, fail) => {
      socket.once('open', () => done());
      socket.once('error', fail);
    });
    return new KernelConnection(socket, session);
  }

  /** Runs code to its end. `onPrint` sees stdout as it comes. Rejects after `timeout` ms or when the connection breaks. */
  async execute(
    code: string,
    options: { timeout: number; onPrint?: (all: string) => void },
  ): Promise<Execution> {
    const id = randomUUID();
    const started = performance.now();
    const result: Execution = { status: 'aborted', stdout: '', stderr: '', milliseconds: 0 };
    let replied = false;
    let idle = false;
    await new Promise<void>((done, fail) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        this.listeners.delete(listener);
        if (error) fail(error);
        else done();
      };
      const timer = setTimeout(
        () => end(new Error(`the kernel did not finish within ${options.timeout / 1000} s`)),
        options.timeout,
      );
      const listener = (message: Message | Error): void => {
        if (message instanceof Error) return end(message);
        if (message.parent_header?.msg_id !== id) return;
        const { content = {}, header } = message;
        if (header?.msg_type === 'stream') {
          if (content.name === 'stdout') {
            result.stdout += content.text ?? '';
            options.onPrint?.(result.stdout);
          } else result.stderr += content.text ?? '';
        } else if (header?.msg_type === 'execute_reply') {
          replied = true;
          result.status = content.status === 'ok' || content.status === 'error' ? content.status : 'aborted';
          if (content.status === 'error')
            result.error = { name: content.ename ?? '', value: content.evalue ?? '' };
        } else if (header?.msg_type === 'status' && content.execution_state === 'idle') idle = true;
        // Output comes on another channel than the reply: both must have ended.
        if (replied && idle) end();
      };
      this.listeners.add(listener);
      this.socket.send(JSON.stringify(this.request(id, code)));
    });
    return { ...result, milliseconds: performance.now() - started };
  }

  close(): void {
    this.listeners.clear();
    this.socket.terminate();
  }

  private tell(message: Message | Error): void {
    for (const listener of this.listeners) listener(message);
  }

  private request(id: string, code: string): object {
    return {
      channel: 'shell',
      header: {
        msg_id: id,
        msg_type: 'execute_request',
        username: 'rig',
        session: this.session,
        date: new Date().toISOString(),
        version: '5.3',
      },
      parent_header: {},
      metadata: {},
      content: {
        code,
        silent: false,
        store_history: false,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: true,
      },
      buffers: [],
    };
  }
}
