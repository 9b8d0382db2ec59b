# expected: differ in code

# %% [markdown] lang="en"
# Call `eval()`.

# %% [markdown] lang="ru"
# Вызовите `train()`.

# %% exercise="freeze"
def freeze(model):
    ### BEGIN SOLUTION
    return model.requires_grad_(False).eval()
    ### END SOLUTION


# %% check="freeze" points=2
check("freeze", freeze)
