# hint: targets_fixed
def adapt(model, r, targets):
    config = LoraConfig(task_type="SEQ_CLS", r=r, lora_alpha=2 * r, target_modules=["query", "value"])
    return get_peft_model(model, config)
