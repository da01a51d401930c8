# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checkpoint files in the public layouts: safe reading, writing, and seeded random ones for tests.

Reads what torch.save wrote in any of the public layouts and executes nothing: classes other than
tensors and plain containers become opaque values.

    python3 checkpoint.py --recipe base|large|CONFIG.json [--seed N] OUT.pt
"""
import argparse
import ast
import collections
import io
import json
import os
import pickle
import re
import zipfile

import numpy as np
import torch
import yaml

import emotion2vec
from dataset import LABELS

PREFIXES = ("module.", "d2v_model.", "w2v_encoder.w2v_model.", "w2v_encoder.")
AUDIO = "modality_encoders.AUDIO."
NEEDED = re.compile(r"blocks\.\d+\.|proj\.|" + re.escape(AUDIO)
                    + r"(alibi_scale$|extra_tokens$|(local_encoder|project_features"
                    r"|relative_positional_encoder|context_encoder)\.)")


# Reading

class Opaque:
    """Stands for any object of a class that is not known; swallows whatever a pickle does with it."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Opaque()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass


class StoredTensor:
    """A tensor whose numbers are still in the file."""

    def __init__(self, storage, offset, size, stride, *ignored):
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def read(self, storages):
        """The numbers as a float32 tensor."""
        _, kind, key = self.storage[:3]
        raw = storages(key)
        if kind == "BFloat16Storage":
            flat = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            flat = np.frombuffer(raw, FLOATS[kind]).astype(np.float32)
        last = self.offset + sum((n - 1) * s for n, s in zip(self.size, self.stride))
        if min(self.size, default=1) < 1 or min(self.stride + (self.offset,)) < 0 or last >= len(flat):
            raise ValueError("a tensor reaches beyond its storage")
        return torch.from_numpy(flat).as_strided(self.size, self.stride, self.offset).clone()


FLOATS = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8"}


class SafeUnpickler(pickle.Unpickler):
    """Knows tensors, parameters and ordered dictionaries; every other name is opaque."""

    known = {("collections", "OrderedDict"): collections.OrderedDict,
             ("torch._utils", "_rebuild_tensor_v2"): StoredTensor,
             ("torch._utils", "_rebuild_parameter"): lambda tensor, *ignored: tensor}

    def find_class(self, module, name):
        if module == "torch" and name.endswith("Storage"):
            return name
        return self.known.get((module, name), Opaque)

    def persistent_load(self, identity):
        return identity


def read_zip(path):
    """Content of a zip container, and a function from storage key to bytes."""
    archive = zipfile.ZipFile(path)
    pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
    content = SafeUnpickler(io.BytesIO(archive.read(pickled)), encoding="utf-8").load()
    return content, lambda key: archive.read(pickled[:-len("data.pkl")] + "data/" + key)


def read_legacy(path):
    """The same for the older container: pickles in a row, then counts and numbers of each storage."""
    with open(path, "rb") as file:
        magic, _, _, content, keys = [SafeUnpickler(file, encoding="utf-8").load() for _ in range(5)]
        if magic != 0x1950A86A20F9469CFC6C:
            raise ValueError("%s: not a checkpoint" % path)
        places, rest = {}, file.read()
    sizes = {}

    def find(value):
        if isinstance(value, StoredTensor):
            sizes[value.storage[2]] = WIDTHS[value.storage[1]]
        elif isinstance(value, dict):
            for item in value.values():
                find(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                find(item)
    find(content)
    at = 0
    for key in keys:
        count = int.from_bytes(rest[at:at + 8], "little")
        places[key] = (at + 8, at + 8 + count * sizes[key])
        at = places[key][1]
    return content, lambda key: rest[slice(*places[key])]


WIDTHS = {"DoubleStorage": 8, "LongStorage": 8, "FloatStorage": 4, "IntStorage": 4, "HalfStorage": 2,
          "BFloat16Storage": 2, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1}


def read_tensors(path):
    """Canonical name -> float32 tensor for everything that inference needs."""
    content, storages = read_zip(path) if zipfile.is_zipfile(path) else read_legacy(path)
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    tensors, final_norm = collections.OrderedDict(), False
    for name, value in content.items():
        for prefix in PREFIXES:
            if name.startswith(prefix):
                name = name[len(prefix):]
        final_norm = final_norm or name == "norm.weight"
        if isinstance(value, StoredTensor) and NEEDED.match(name):
            tensors[name] = value.read(storages)
    if final_norm or AUDIO + "context_encoder.norm.weight" not in tensors:
        raise ValueError("%s: not a post-norm emotion2vec model" % path)
    return tensors


def parse_conv_spec(text):
    """Layers from a list, or from an expression such as "[(512,10,5)] + [(512,3,2)] * 4"."""
    def value(node):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return value(node.left) + value(node.right)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return value(node.left) * min(int(value(node.right)), 64)
        return ast.literal_eval(node)
    layers = value(ast.parse(text, mode="eval").body) if isinstance(text, str) else text
    return tuple(tuple(int(number) for number in layer) for layer in layers)


def hyper_of(tensors, conf=None):
    """Hyper-parameters from shapes, and from CONF (the `model_conf` of config.yaml) what shapes cannot tell."""
    conf = conf or {}
    audio = (conf.get("modalities") or {}).get("audio") or {}

    def count(pattern):
        found = {int(m.group(1)) for m in (re.match(pattern, name) for name in tensors) if m}
        return len(found)

    dim = tensors[AUDIO + "project_features.2.weight"].shape[0]
    scale = tensors.get(AUDIO + "alibi_scale")
    shapes = [tensors[AUDIO + "local_encoder.conv_layers.%d.0.weight" % i].shape
              for i in range(count(re.escape(AUDIO) + r"local_encoder\.conv_layers\.(\d+)\.0\.weight"))]
    if "feature_encoder_spec" in audio:
        layers = parse_conv_spec(audio["feature_encoder_spec"])
    else:
        strides = {10: 5, 3: 2, 2: 2}
        if any(shape[2] not in strides for shape in shapes):
            raise ValueError("strides are not in the file: config.yaml with feature_encoder_spec is needed")
        layers = tuple((shape[0], shape[2], strides[shape[2]]) for shape in shapes)
    if [(shape[0], shape[2]) for shape in shapes] != [layer[:2] for layer in layers]:
        raise ValueError("feature_encoder_spec does not agree with the tensors")
    position = tensors[AUDIO + "relative_positional_encoder.1.0.weight"].shape
    heads = conf.get("num_heads")
    if scale is not None and scale.shape[2] > 1:
        heads = scale.shape[2]
    extra = tensors.get(AUDIO + "extra_tokens")
    return emotion2vec.Hyper(
        embed_dim=dim,
        depth=count(r"blocks\.(\d+)\."),
        prenet_depth=count(re.escape(AUDIO) + r"context_encoder\.blocks\.(\d+)\."),
        num_heads=heads or dim // 64,
        mlp_ratio=tensors["blocks.0.mlp.fc1.weight"].shape[0] / dim,
        norm_eps=float(conf.get("norm_eps", 1e-5)),
        normalize=bool(conf.get("normalize", True)),
        num_extra_tokens=0 if extra is None else extra.shape[1],
        conv_layers=layers,
        conv_pos_depth=count(re.escape(AUDIO) + r"relative_positional_encoder\.(\d+)\.0\.weight"),
        conv_pos_kernel=position[2],
        conv_pos_groups=dim // position[1],
        use_alibi=scale is not None,
        alibi_shape=(1,) * 5 if scale is None else tuple(scale.shape),
        classes=tensors["proj.weight"].shape[0] if "proj.weight" in tensors else 0,
        temperature=float(conf.get("calibration_temperature", 1.0)))


def load(path, conf=None, labels=None):
    """The model of a checkpoint file, or of a folder with model.pt, config.yaml and tokens.txt."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    path = os.path.join(path, "model.pt") if os.path.isdir(path) else path
    config, tokens = os.path.join(folder, "config.yaml"), os.path.join(folder, "tokens.txt")
    if conf is None and os.path.exists(config):
        with open(config, encoding="utf-8") as file:
            content = yaml.safe_load(file)
        conf = content.get("model_conf") or content.get("model")
    tensors = read_tensors(path)
    hyper = hyper_of(tensors, conf)
    if labels is None and hyper.classes and os.path.exists(tokens):
        with open(tokens, encoding="utf-8") as file:
            labels = file.read().splitlines()
    if labels and len(labels) != hyper.classes:
        raise ValueError("%d labels for %d classes" % (len(labels), hyper.classes))
    model = emotion2vec.Emotion2vec(hyper, labels or ())
    model.load_state_dict(tensors)
    return model


# Writing

def config_of(hyper):
    """The content of config.yaml: the fields of the official template without which its code does not start."""
    calibrated = {} if hyper.temperature == 1 else {"calibration_temperature": hyper.temperature}
    return {
        "model": "Emotion2vec",
        "model_conf": {
            **calibrated,
            "embed_dim": hyper.embed_dim, "depth": hyper.depth, "num_heads": hyper.num_heads,
            "mlp_ratio": hyper.mlp_ratio, "norm_eps": hyper.norm_eps, "norm_affine": True,
            "layer_norm_first": False, "extractor_mode": "layer_norm", "normalize": hyper.normalize,
            "supported_modality": "AUDIO", "encoder_dropout": 0.0, "post_mlp_drop": 0.0,
            "start_drop_path_rate": 0.0, "end_drop_path_rate": 0.0,
            "attention_dropout": 0.0, "activation_dropout": 0.0, "dropout_input": 0.0, "layerdrop": 0.0,
            "modalities": {"audio": {
                "type": "AUDIO",
                "prenet_depth": hyper.prenet_depth, "prenet_layerdrop": 0.0, "prenet_dropout": 0.0,
                "start_drop_path_rate": 0.0, "end_drop_path_rate": 0.0,
                "num_extra_tokens": hyper.num_extra_tokens, "init_extra_token_zero": True,
                "mask_noise_std": 0.01, "inverse_mask": False, "keep_masked_pct": 0.0,
                "local_grad_mult": 1.0, "decoder": None,
                "extractor_mode": "layer_norm",
                "feature_encoder_spec": str([tuple(layer) for layer in hyper.conv_layers]),
                "conv_pos_width": hyper.conv_pos_kernel * hyper.conv_pos_depth,
                "conv_pos_depth": hyper.conv_pos_depth,
                "conv_pos_groups": hyper.conv_pos_groups,
                "conv_pos_pre_ln": False,
                "use_alibi_encoder": hyper.use_alibi,
                "alibi_scale": 1.0, "alibi_max_pos": None, "learned_alibi": False,
                "learned_alibi_scale": hyper.use_alibi,
                "learned_alibi_scale_per_head": hyper.alibi_shape[2] > 1,
                "learned_alibi_scale_per_layer": hyper.alibi_shape[0] > 1,
                "num_alibi_heads": hyper.num_heads,
                "model_depth": hyper.depth}}}}


def save(tensors, hyper, labels, folder):
    """Writes model.pt, config.yaml and tokens.txt into FOLDER; model.pt last and in one step."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as file:
        yaml.safe_dump(config_of(hyper), file, sort_keys=False, width=1000)
    with open(os.path.join(folder, "tokens.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(labels))
    save_tensors(tensors, os.path.join(folder, "model.pt"))


def save_tensors(tensors, path):
    """A file in the layout of the published models: {'model': tensors}, encoder names prefixed."""
    model = collections.OrderedDict(
        (name if name.startswith("proj.") else "d2v_model." + name, tensor.detach().cpu().clone())
        for name, tensor in tensors.items())
    torch.save({"model": model}, path + ".partial")
    os.replace(path + ".partial", path)


# Seeded random weights

GAINS = {"conv": 1.4, "pos": 1.4, "qkv": 1.5, "attn_proj": 1.0, "fc1": 1.3, "fc2": 1.0, "proj_feat": 1.0, "head": 3.0}
WEIGHT_GAINS = ((r"local_encoder\.conv_layers\.\d+\.0\.weight$", "conv"),
                (r"relative_positional_encoder\..*weight$|decoder\.blocks\..*weight$", "pos"),
                (r"attn\.qkv\.weight$", "qkv"), (r"attn\.proj\.weight$", "attn_proj"),
                (r"mlp\.fc1\.weight$", "fc1"), (r"mlp\.fc2\.weight$", "fc2"),
                (r"project_features\.2\.weight$", "proj_feat"), (r"^proj\.weight$", "head"))
NORM_BIAS = re.compile(r"(norm\d?|project_features\.1|conv_layers\.\d+\.2\.1)\.bias$")
GOLDEN, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


def seeded_uniform(name, count, seed):
    """COUNT doubles in [-1, 1): FNV-1a of the name, then splitmix64."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    state ^= (seed * GOLDEN) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) * 2.0 ** -23 - 1


def seeded_tensor(name, shape, seed, gain=None):
    """One tensor of the recipe of the reference cases, float32."""
    gain = gain or {}
    u = seeded_uniform(name, int(np.prod(shape)), seed)
    fan = np.prod(shape[1:])
    kind = next((kind for pattern, kind in WEIGHT_GAINS if re.search(pattern, name)), None)
    if name.endswith("alibi_scale"):
        value = 0.3 + 0.9 * u if gain.get("alibi_negative") else 0.7 + 0.6 * u
    elif name.endswith("extra_tokens"):
        value = u
    elif name.endswith("bias"):
        value = u * (0.2 if name == "proj.bias" else 0.3 if name.endswith("attn.qkv.bias") else 0.1)
    elif len(shape) == 1:
        value = 1 + 0.3 * u
    elif kind is None:
        value = u * (np.sqrt(3) / np.sqrt(shape[-1]))
    else:
        value = u * (np.sqrt(3) * (gain.get(kind, GAINS[kind]) / np.sqrt(fan)))
        if kind == "conv" and "conv_layer_mul" in gain:
            value = value * gain["conv_layer_mul"].get(name.split(".")[-3], 1.0)
    return torch.from_numpy(value.astype(np.float32).reshape(shape))


def seeded_tensors(hyper, seed, gain=None):
    """All tensors of a model by the recipe."""
    names = emotion2vec.Emotion2vec(hyper).state_dict()
    return collections.OrderedDict((name, seeded_tensor(name, tuple(t.shape), seed, gain)) for name, t in names.items())


def hyper_of_case(config):
    """Hyper-parameters from the config.json of a reference case."""
    model = config["model"]
    blocks = model["depth"] + model["prenet_depth"]
    return emotion2vec.Hyper(
        embed_dim=model["embed_dim"], depth=model["depth"], prenet_depth=model["prenet_depth"],
        num_heads=model["num_heads"], mlp_ratio=model["mlp_ratio"], norm_eps=model["norm_eps"],
        normalize=model["normalize"], num_extra_tokens=model["num_extra_tokens"],
        conv_layers=parse_conv_spec(model["conv_layers"]), conv_pos_depth=model["conv_pos_depth"],
        conv_pos_kernel=max(3, model["conv_pos_width"] // model["conv_pos_depth"]),
        conv_pos_groups=model["conv_pos_groups"], use_alibi=model["use_alibi_encoder"],
        alibi_shape=(blocks if model["alibi_scale_per_layer"] else 1, 1,
                     model["num_heads"] if model["alibi_scale_per_head"] else 1, 1, 1),
        classes=config["head_classes"] or 0)


def main():
    parser = argparse.ArgumentParser(description="Writes a checkpoint of seeded random weights.")
    parser.add_argument("--recipe", required=True, help="base, large, or the config.json of a reference case")
    parser.add_argument("--seed", type=int, default=115, help="with base and large; 115 is the base reference case")
    parser.add_argument("output", help="checkpoint file, config.yaml and tokens.txt are written beside it")
    options = parser.parse_args()
    if options.recipe in ("base", "large"):
        hyper, seed, gain, labels = getattr(emotion2vec, options.recipe)(), options.seed, None, LABELS
    else:
        with open(options.recipe, encoding="utf-8") as file:
            config = json.load(file)
        hyper, seed, gain, labels = hyper_of_case(config), config["seed"], config["gain"], config["labels"] or ()
    tensors = seeded_tensors(hyper, seed, gain)
    folder = os.path.dirname(os.path.abspath(options.output))
    save(tensors, hyper, labels, folder)
    written = os.path.join(folder, "model.pt")
    if os.path.abspath(options.output) != written:
        os.replace(written, options.output)


if __name__ == "__main__":
    main()
