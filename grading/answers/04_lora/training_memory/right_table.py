BYTES = {"full fp32": (4, 4, 8), "full mixed": (2, 2, 12), "lora": (2, 0, 0), "lora 4-bit": (1 / 2, 0, 0)}


def training_memory(parameters, method, trained=0):
    own = zip(BYTES[method], (4, 4, 8))
    return dict(zip(("weights", "gradients", "optimizer"), (base * parameters + new * trained for base, new in own)))
