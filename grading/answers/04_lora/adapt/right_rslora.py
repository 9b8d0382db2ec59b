def adapt(model, r, targets):
    """Rank-stabilised LoRA divides by the root of r; with this alpha the scale is 2 all the same."""
    options = {"use_rslora": True, "lora_alpha": 2 * r**0.5, "init_lora_weights": "gaussian"}
    return get_peft_model(model, LoraConfig(task_type="SEQ_CLS", r=r, target_modules=targets, **options))
