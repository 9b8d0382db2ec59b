# hint: causal_task
def adapt(model, r, targets):
    config = LoraConfig(task_type="CAUSAL_LM", r=r, lora_alpha=2 * r, target_modules=targets)
    return get_peft_model(model, config)
