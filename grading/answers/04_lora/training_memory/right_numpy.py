def training_memory(parameters, method, trained=0):
    base = {"full fp32": [4, 4, 8], "full mixed": [2, 2, 12], "lora": [2, 0, 0], "lora 4-bit": [0.5, 0, 0]}[method]
    parts = np.array(base) * float(parameters) + np.array([4, 4, 8]) * trained
    return {"weights": parts[0], "gradients": parts[1], "optimizer": parts[2]}
