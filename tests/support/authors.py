"""The networks of the papers' authors, small enough to read: their structure and their names, for weights to fit.

PeleeNet after Robert-JunWang/PeleeNet, VoVNet after stigma0617/VoVNet.pytorch, VoVNetV2 after
youngwanLEE/vovnet-detectron2. Written anew for these tests, and independent of `archs`.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F


class FrozenBatchNorm(nn.Module):
    """detectron2's batch norm: four buffers, and no counter."""

    def __init__(self, channels):
        super().__init__()
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, 1e-5)


def conv(name, in_channels, out_channels, kernel, stride=1, norm=nn.BatchNorm2d):
    return [
        (f"{name}/conv", nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)),
        (f"{name}/norm", norm(out_channels)),
        (f"{name}/relu", nn.ReLU()),
    ]


def separable_conv(name, in_channels, out_channels, kernel, stride=1, norm=nn.BatchNorm2d):
    depthwise = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=out_channels, bias=False)
    return [
        (f"{name}/dw_conv3x3", depthwise),
        (f"{name}/pw_conv1x1", nn.Conv2d(out_channels, out_channels, 1, bias=False)),
        (f"{name}/pw_norm", norm(out_channels)),
        (f"{name}/pw_relu", nn.ReLU()),
    ]


def sequence(layers):
    return nn.Sequential(OrderedDict(layers))


class Ese(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return x * (F.relu6(self.fc(x.mean((2, 3), keepdim=True)) + 3) / 6)


class OsaModule(nn.Module):
    def __init__(self, name, in_channels, channels, out_channels, layers, *, identity, v2, depthwise, norm):
        super().__init__()
        self.identity = identity
        width = in_channels
        if depthwise and in_channels != channels:
            self.conv_reduction = sequence(conv(f"{name}_reduction_0", in_channels, channels, 1, norm=norm))
            width = channels
        self.layers = nn.ModuleList()
        for index in range(layers):
            make = separable_conv if depthwise else conv
            self.layers.append(sequence(make(f"{name}_{index}", width, channels, 3, norm=norm)))
            width = channels
        self.concat = sequence(conv(f"{name}_concat", in_channels + layers * channels, out_channels, 1, norm=norm))
        if v2:
            self.ese = Ese(out_channels)

    def forward(self, x):
        features, entered = [x], x
        x = self.conv_reduction(x) if hasattr(self, "conv_reduction") else x
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        x = self.concat(torch.cat(features, 1))
        x = self.ese(x) if hasattr(self, "ese") else x
        return x + entered if self.identity else x


class VoVNet(nn.Module):
    """V1 with a classifier, or V2, a backbone of detectors, without one."""

    def __init__(self, stem, channels, out_channels, blocks, layers, *, v2=False, depthwise=False):
        super().__init__()
        norm = FrozenBatchNorm if v2 else nn.BatchNorm2d
        make = separable_conv if depthwise else conv
        self.stem = sequence(
            conv("stem_1", 3, stem[0], 3, 2, norm)
            + make("stem_2", stem[0], stem[1], 3, 1, norm)
            + make("stem_3", stem[1], stem[2], 3, 2, norm)
        )
        width = stem[2]
        for index in range(4):
            stage = nn.Sequential()
            if index:
                stage.add_module("Pooling", nn.MaxPool2d(3, 2, ceil_mode=True))
            for block in range(blocks[index]):
                name = f"OSA{index + 2}_{block + 1}"
                options = {"identity": block > 0, "v2": v2, "depthwise": depthwise, "norm": norm}
                module = OsaModule(name, width, channels[index], out_channels[index], layers, **options)
                stage.add_module(name, module)
                width = out_channels[index]
            self.add_module(f"stage{index + 2}", stage)
        if not v2:
            self.classifier = nn.Linear(width, 1000)

    def forward_features(self, x):
        return self.stage5(self.stage4(self.stage3(self.stage2(self.stem(x)))))

    def forward(self, x):
        return self.classifier(self.forward_features(x).mean((2, 3)))


class BasicConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class PeleeStem(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem1 = BasicConv(3, 32, 3, 2)
        self.stem2a = BasicConv(32, 16, 1)
        self.stem2b = BasicConv(16, 32, 3, 2)
        self.stem3 = BasicConv(64, 32, 1)

    def forward(self, x):
        x = self.stem1(x)
        return self.stem3(torch.cat([F.max_pool2d(x, 2), self.stem2b(self.stem2a(x))], 1))


class PeleeDenseLayer(nn.Module):
    def __init__(self, in_channels, width):
        super().__init__()
        bottleneck = 16 * width
        if bottleneck > in_channels / 2:
            bottleneck = in_channels // 8 * 4
        self.branch1a = BasicConv(in_channels, bottleneck, 1)
        self.branch1b = BasicConv(bottleneck, 16, 3)
        self.branch2a = BasicConv(in_channels, bottleneck, 1)
        self.branch2b = BasicConv(bottleneck, 16, 3)
        self.branch2c = BasicConv(16, 16, 3)

    def forward(self, x):
        right = self.branch2c(self.branch2b(self.branch2a(x)))
        return torch.cat([x, self.branch1b(self.branch1a(x)), right], 1)


class PeleeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(OrderedDict(stemblock=PeleeStem()))
        channels = 32
        for number, (layers, width) in enumerate(zip((3, 4, 8, 6), (1, 2, 4, 4), strict=True), start=1):
            block = nn.Sequential()
            for layer in range(1, layers + 1):
                block.add_module(f"denselayer{layer}", PeleeDenseLayer(channels, width))
                channels += 32
            self.features.add_module(f"denseblock{number}", block)
            self.features.add_module(f"transition{number}", BasicConv(channels, channels, 1))
            if number < 4:
                self.features.add_module(f"transition{number}_pool", nn.AvgPool2d(2, 2))
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))
