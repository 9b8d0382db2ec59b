import copy

from peft import inject_adapter_in_model


def count_lora_parameters(model, r, targets):
    adapted = inject_adapter_in_model(LoraConfig(r=r, target_modules=targets), copy.deepcopy(model))
    return sum(p.numel() for name, p in adapted.named_parameters() if "lora_" in name)
