import { describe, expect, it } from 'vitest';
import { redactor } from './redact.ts';

const redact = redactor({ user: 'maria', host: 'lab-7', home: '/home/maria' });

describe('redactor', () => {
  it.each([
    ['index https://maria:hunter2@index.example/simple', 'index https://<credentials>@index.example/simple'],
    ['HF_TOKEN=hf_abcdefghijkl', 'HF_TOKEN=<secret>'],
    ['"password": "x1y2z3"', '"password": "<secret>"'],
    ['Authorization: Bearer abcdef.ghijkl', 'Authorization: <secret>'],
    ['curl -H "bearer abcdefgh12345678"', 'curl -H "<secret>"'],
    ['/home/maria/work on lab-7', '~/work on <host>'],
    ['ssh maria@lab-7.physics.example as maria_x', 'ssh <e-mail> as <user>_x'],
    ['lab-7.physics.example answers', '<host> answers'],
    ['/home/maria-old and /home/bob/data', '/home/<user> and /home/<user>/data'],
    ['GPU-1a2b3c4d-0000-1111-2222-333344445555', 'GPU-<uuid>'],
    ['listening on 10.1.2.3', 'listening on <address>'],
    ['proxy http://93.184.1.2/', 'proxy http://<address>/'],
    ['a@b.example', '<e-mail>'],
    ['00:1a:2b:3c:4d:5e', '<mac>'],
  ])('%s', (text, out) => expect(redact(text)).toBe(out));

  it.each(['cuDNN 9.5.1.17', 'http://127.0.0.1:8888', 'nvidia-cublas-cu12==12.6.4.1', 'torch 2.7.1+cu126'])(
    'keeps %s',
    (text) => expect(redact(text)).toBe(text),
  );

  it('leaves words that merely contain a short name', () => {
    const short = redactor({ user: 'root', host: 'vm', home: '/root' });
    const text = 'libnvvm.so fpu vme libfakeroot /proc/1/root rootless';
    expect(short(text)).toBe(text);
    expect(short('on vm in /root/work')).toBe('on <host> in ~/work');
  });
});
