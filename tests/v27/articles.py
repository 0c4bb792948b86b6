# What the articles do that needs no GPU, as cells of a notebook would. Prints one word for each that worked.
import io
import os
import tempfile
import time

import torch
import torch.nn as nn

print("version", torch.__version__, torch.version.cuda, torch.backends.cudnn.version(), torch.cuda.is_available(), torch.cuda.device_count())

x = torch.randn(2000, 2000)
y = torch.randn(2000, 2000)
start = time.time()
z = torch.mm(x, y)
if torch.cuda.is_available():
    torch.cuda.synchronize()
expected = x[:8].double() @ y.double()
assert (z[:8].double() - expected).abs().max() < 1e-2
print("matmul", z.shape == (2000, 2000))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, x):
        return self.layers(x)


model = Net().eval()
sample = torch.randn(8, 16)
eager = model(sample)
compiled = torch.compile(model, backend="inductor")
assert torch.allclose(compiled(sample), eager, atol=1e-5)
print("compile ok")

from torch.utils.checkpoint import checkpoint

layer = nn.Sequential(nn.Linear(16, 16), nn.Tanh())
a = torch.randn(4, 16, requires_grad=True)
b = a.detach().clone().requires_grad_()
checkpoint(layer, a, use_reentrant=False).sum().backward()
layer(b).sum().backward()
assert torch.allclose(a.grad, b.grad)
print("checkpoint ok")

from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.arange(256).float().unsqueeze(1), torch.arange(256))
loader = DataLoader(data, batch_size=32, shuffle=True, num_workers=4, pin_memory=True)
assert sorted(int(i) for _, batch in loader for i in batch) == list(range(256))
print("loader ok")

from transformers import BertConfig, BertForSequenceClassification

config = BertConfig(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, num_labels=2)
bert = BertForSequenceClassification(config)
optimizer = torch.optim.AdamW(bert.parameters(), lr=1e-3)
before = bert.classifier.weight.detach().clone()
loss = bert(input_ids=torch.randint(0, 100, (4, 12)), labels=torch.tensor([0, 1, 0, 1])).loss
loss.backward()
optimizer.step()
assert torch.isfinite(loss) and not torch.equal(before, bert.classifier.weight)
print("bert ok")

for kind, made in (("trace", torch.jit.trace(model, sample)), ("script", torch.jit.script(model))):
    buffer = io.BytesIO()
    torch.jit.save(made, buffer)
    buffer.seek(0)
    assert torch.allclose(torch.jit.load(buffer)(sample), eager, atol=1e-6)
    print(kind, "ok")

import numpy
import onnxruntime

path = os.path.join(tempfile.mkdtemp(), "model.onnx")
torch.onnx.export(model, (sample,), path, input_names=["input"], output_names=["output"])
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
(out,) = session.run(None, {"input": sample.numpy()})
assert numpy.allclose(out, eager.detach().numpy(), atol=1e-5)
print("onnx ok")
