# hint: not_a_number
def training_memory(parameters, method, trained=0):
    base = {"full fp32": (4, 4, 8), "full mixed": (2, 2, 12), "lora": (2, 0, 0), "lora 4-bit": (0.5, 0, 0)}[method]
    w, g, o = (each * parameters + more * trained for each, more in zip(base, (4, 4, 8)))
    return {"weights": f"{w / 1e9} GB", "gradients": f"{g / 1e9} GB", "optimizer": f"{o / 1e9} GB"}
