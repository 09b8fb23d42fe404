# SPDX-License-Identifier: MIT
"""The modules of a model that are replaced by libaft's."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import nn

from ._modules import AFT, AFTFull, AFTLocal, AFTSimple, check_linear, refuse_hooks, refuse_replaced_forward

Classes = Mapping[type[nn.Module], Callable[[Any], nn.Module]]
Model = TypeVar("Model", bound=nn.Module)


def aft_pytorch_classes() -> Classes:
    """Those of aft-pytorch; none where nothing has imported it, for then no model has one."""
    module = sys.modules.get("aft_pytorch.aft_pytorch")
    if module is None:
        return {}
    return {
        module.AFTFull: lambda old: AFTFull(len(old.wbias), old.dim, old.hidden_dim),
        module.AFTSimple: lambda old: AFTSimple(0, old.dim, old.hidden_dim),
        # Distances are whole numbers: below s are those below the next integer.
        module.AFTLocal: lambda old: AFTLocal(old.max_seqlen, old.dim, old.hidden_dim, max(math.ceil(old.s), 0)),
    }


def refuse_other_forward(name: str, module: nn.Module) -> None:
    """One that was put in the place of a class's: what it computes is not known, though the class is."""
    kind = type(module)
    if getattr(kind.forward, "__globals__", None) is not vars(sys.modules[kind.__module__]):
        raise TypeError(
            f"{name}, a {kind.__name__}, has a forward that is not aft-pytorch's, which libaft would not call: "
            "say in `classes` what takes its place"
        )


def successor(old: nn.Module, build: Callable[[Any], nn.Module], name: str) -> nn.Module:
    for inner, module in old.named_modules():
        place = f"{name}.{inner}" if inner else name
        refuse_replaced_forward(place, module)
        if inner:  # those of old itself go over
            refuse_hooks(place, module)
    with torch.device("meta"):  # no memory, and no random numbers, for parameters that are replaced at once
        new = build(old)
    named = old.named_parameters(remove_duplicate=False)
    frozen = {key for key, parameter in named if not parameter.requires_grad}
    for key, parameter in new.named_parameters():
        parameter.requires_grad_(key not in frozen)  # which load_state_dict gives to those that it assigns
    inference = torch.is_inference_mode_enabled() or any(each.is_inference() for each in old.parameters())
    try:
        # It sets requires_grad to what it is, which a tensor of inference mode allows in that mode alone.
        with torch.inference_mode(inference):
            new.load_state_dict(old.state_dict(keep_vars=True), strict=True, assign=True)
    except RuntimeError as error:
        raise ValueError(f"{name}, a {type(old).__name__}, does not fit a {type(new).__name__}: {error}") from error
    for inner, linear in new.named_modules():
        if isinstance(linear, nn.Linear):
            check_linear(f"{name}.{inner}", old.get_submodule(inner))
    for key, value in vars(old).items():
        if "_hook" in key:
            setattr(new, key, value)
    return new.train(old.training)


def replace(model: Model, classes: Classes | None = None, *, pack: bool = False) -> nn.Module:
    """Puts libaft's modules in the place of others in a model, and returns it.

    model     is changed in place; where it is such a module itself, what is returned takes its place
    classes   maps a class to a function that makes libaft's module for a module of exactly that class. By default the
              three of aft-pytorch
    pack      whether to pack the weights at once and keep that; they must not require grad: see `AFTFull.pack`

    The new modules take the old ones' parameters over, the same objects, by a strict load_state_dict. So device, dtype,
    requires_grad and optimizers keep what they had, and nothing is copied. The training flag and the hooks of the
    module go over too; a module that occurs twice is replaced by one that does. Every replacement is made before the
    first takes its place: where one fails, the model stays as it was.
    """
    makers = aft_pytorch_classes() if classes is None else classes
    found = {module: name or "model" for name, module in model.named_modules() if type(module) in makers}
    if classes is None:
        for module, name in found.items():
            refuse_other_forward(name, module)
    successors = {module: successor(module, makers[type(module)], name) for module, name in found.items()}
    for new in successors.values():
        if pack and isinstance(new, AFT):
            new.pack()
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if child in successors:
                parent._modules[name] = successors[child]
    return successors.get(model, model)
