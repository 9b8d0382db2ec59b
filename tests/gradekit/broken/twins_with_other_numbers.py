# expected: differ in numbers: only English ['64'], only Russian ['46']

# %% [markdown] lang="en"
# With 64 labels and 0.5 of chance.

# %% [markdown] lang="ru"
# С 46 метками и вероятностью 0,5.

# %% exercise="freeze"
def freeze(model):
    ### BEGIN SOLUTION
    return model.requires_grad_(False).eval()
    ### END SOLUTION


# %% check="freeze" points=2
check("freeze", freeze)
