import { describe, expect, it } from 'vitest';
import { hostFromFlags, loadTables, solve } from './index.ts';

const { tables } = await loadTables();

describe('solve', () => {
  it('gives the v2.7 preset its whole plan on a host without GPU', () => {
    const host = { ...hostFromFlags({}, tables), glibc: '2.36' };
    const result = solve({ torch: '==2.7.1', cuda: '12.6', python: '3.11' }, host, tables);
    expect(result).toMatchObject({
      ok: true,
      plan: {
        torch: '2.7.1',
        torchvision: '0.22.1',
        torchaudio: '2.7.1',
        triton: '3.3.1',
        variant: 'cu126',
        cuda: '12.6.3',
        cudnn: '9.5.1.17',
        nccl: '2.26.2',
        python: '3.11',
        driverFloor: '525.60.13',
        glibc: '2.28',
      },
    });
    expect(result.ok && result.plan.nvidia).toMatchObject({
      'nvidia-cublas-cu12': '12.6.4.1',
      'nvidia-cudnn-cu12': '9.5.1.17',
      'nvidia-nccl-cu12': '2.26.2',
    });
  });
});
